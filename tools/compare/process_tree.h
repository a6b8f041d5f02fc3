// Running a program and everything it starts to their end, and what that cost.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "tools/compare/launch.h"
#include "tools/run/owned_fd.h"

namespace tools::compare {

/// What is the same in every run of a comparison.
struct TreeCommand {
  std::string program{};               ///< the file to execute
  std::vector<std::string> command{};  ///< PROGRAM ARG...
  std::string preload{};               ///< put first in LD_PRELOAD; empty: nothing
  std::string input = "/dev/null";
  std::string output = "/dev/null";  ///< standard output goes to this file
  std::string errors = "/dev/null";  ///< standard error to this one
  std::optional<std::chrono::milliseconds> limit{};
};

/// The resources of all processes that were waited for, by the program or (orphans) by us.
struct TreeEnd {
  int status = 0;  ///< of the program itself, as waitpid gives it
  bool timed_out = false;
  double wall_s = 0;  ///< from its start to the end of the last process
  double user_s = 0;
  double sys_s = 0;
  std::uint64_t minor = 0;
  std::uint64_t major = 0;
  std::uint64_t peak_rss_kb = 0;  ///< of the largest process

  [[nodiscard]] bool good() const noexcept { return status == 0 && !timed_out; }
  /// "ok", "exit status 3", "SIGSEGV", "timed out".
  [[nodiscard]] std::string words() const;
};

/// Ctrl-C, or SIGTERM: the tree has been killed.
class Interrupted : public std::runtime_error {
 public:
  Interrupted() : std::runtime_error{"interrupted: the program and all it started were ended."} {}
};

/// Who watches a tree. Each is called before the program executes its first instruction.
struct TreeWatch {
  /// With the program's process. Returns the filter it is to run under; length 0: none.
  std::function<LaunchFilter(pid_t)> before_exec{};
  /// With the filter's listener, or an errno where the kernel refuses one.
  std::function<void(run::OwnedFd, int)> listener{};
};

/// Runs the command in a process group of its own and waits for all of it, orphans too; all are
/// killed where `limit` passes. Throws std::runtime_error where it cannot be started.
[[nodiscard]] TreeEnd run_tree(const TreeCommand& command, const TreeWatch& watch = {});

}  // namespace tools::compare
