// Running a program with a library preloaded, and what it said.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace preload_test {

struct Ending {
  int status = 0;   ///< of waitpid
  long faults = 0;  ///< minor and major
  std::string output;
  std::string errors;
};
using Environment = std::map<std::string, std::string>;

/// Runs `command` (a path, then arguments) without address randomization. `environment` is all it
/// has, and LD_PRELOAD=library unless that is empty. Throws std::runtime_error if it cannot start.
[[nodiscard]] Ending run_program(const std::vector<std::string>& command,
                                 const std::string& library, Environment environment = {});

}  // namespace preload_test
