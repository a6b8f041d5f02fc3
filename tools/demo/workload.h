// The demo's workloads: built-in scripts, and a trace recorded on the spot.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/script/op.h"

namespace tools::demo {

struct Workload {
  std::string name;    ///< "first-touch"
  std::string about;   ///< a sentence or two
  std::string source;  ///< the script's text; empty for a trace
  script::Program program;
};

/// The scripts of tools/demo/workloads/.
[[nodiscard]] std::vector<Workload> built_in_workloads();

/// The allocator calls of the first program found here of python3, perl and sqlite3, recorded now
/// and replayed with a write to the first byte of every block. Nothing, with the reason in
/// `missing`, when none is installed or recording failed.
[[nodiscard]] std::optional<Workload> recorded_workload(std::string& missing);

}  // namespace tools::demo
