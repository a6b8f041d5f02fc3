// Runner: a machine that runs programs, simulated or real, behind one interface.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "tools/run/outcome.h"
#include "tools/script/op.h"

namespace tools::run {

/// An operation this machine cannot run; nothing was run. what() is one sentence naming file, line,
/// verb and what is missing.
class Unsupported : public std::runtime_error {
 public:
  Unsupported(const script::Program& program, const script::Op& op, const std::string& missing);

  [[nodiscard]] std::uint32_t line() const noexcept { return line_; }
  [[nodiscard]] script::Verb verb() const noexcept { return verb_; }
  [[nodiscard]] const std::string& missing() const noexcept { return missing_; }

 private:
  std::uint32_t line_;
  script::Verb verb_;
  std::string missing_;
};

/// One machine. Every run starts in a fresh process, prepared alike on all of them:
/// - text, stack and thread-local pages have been touched, before the first operation, and in
///   parent and child again after each fork, uncounted;
/// - the allocator's process-wide state has not been touched, and after a fork neither it nor the
///   heap is: their faults are the allocator's and are counted.
/// fork is the bare system call: the allocator's fork handlers do not run, since operations take
/// turns and no lock is ever held at one. A joined thread's cache goes back to the allocator
/// (Malloc::thread_exit), uncounted.
class Runner {
 public:
  virtual ~Runner() = default;
  /// Throws Unsupported before anything has run.
  [[nodiscard]] virtual RunOutcome run(const script::Program& program,
                                       const RunOptions& options) = 0;
  /// For people: "simulated x86-64", "this kernel".
  [[nodiscard]] virtual std::string name() const = 0;
};

}  // namespace tools::run
