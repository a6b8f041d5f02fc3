// ChildProcess: starting faultline-child and waiting until it and all it started are gone.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tools/run/owned_fd.h"

namespace tools::run {

struct ChildCommand {
  std::string program;                   ///< path of faultline-child
  int shared_fd = -1;                    ///< its one argument
  std::vector<int> kept_fds;             ///< stay open under the same numbers
  std::string preload;                   ///< a library for LD_PRELOAD; empty: none
  std::vector<std::string> environment;  ///< "NAME=VALUE", besides or instead of the runner's
  bool allow_huge_pages = false;
};

/// How it ended.
struct ChildEnd {
  bool timed_out = false;
  int status = 0;     ///< as waitpid gives it
  std::string error;  ///< what was written on standard error
};

/// Runs the command in a process group of its own, without address randomization, and returns when
/// every process of it has ended; kills them all after `limit`. Throws std::runtime_error when no
/// process can be started.
[[nodiscard]] ChildEnd run_child(const ChildCommand& command,
                                 std::optional<std::chrono::milliseconds> limit);

/// Where faultline-child lies: $FAULTLINE_CHILD, beside this program, or where the build or the
/// installation puts it. Throws std::runtime_error naming the places looked at.
[[nodiscard]] std::string find_child_program();

}  // namespace tools::run
