// SyscallTrace: hears of the system calls of a process tree that change its address spaces.
#pragma once

#include <optional>
#include <thread>
#include <vector>

#include "tools/compare/fault_stream.h"
#include "tools/compare/present_pages.h"
#include "tools/run/owned_fd.h"

namespace tools::compare {

/// A thread of its own answers the kernel's notifications: each call then runs as it would have.
/// The program waits for the answer, and only for the calls the filter names.
class SyscallTrace {
 public:
  /// `listener`: of the filter the tree runs under.
  explicit SyscallTrace(run::OwnedFd listener);
  ~SyscallTrace();
  SyscallTrace(const SyscallTrace&) = delete;
  SyscallTrace& operator=(const SyscallTrace&) = delete;

  /// Ends it. The calls in the order of time.
  [[nodiscard]] std::vector<StreamEvent> take();
  /// Pages that processes had when they ended, where the filter names exit_group; of those that a
  /// signal killed nothing is heard. None: of some it could not be told. Known after take().
  [[nodiscard]] const std::optional<PresentPages>& present_at_exit() const noexcept {
    return present_;
  }

 private:
  void answer_until_stopped();
  void answer_one();
  void add_present(pid_t process);
  void stop();

  run::OwnedFd listener_, stop_;
  std::vector<StreamEvent> calls_;
  std::optional<PresentPages> present_ = PresentPages{};
  std::thread answerer_;
};

}  // namespace tools::compare
