// explain --html and --format json: what a page and a program are told of each step.
#pragma once

#include <string>
#include <vector>

#include "tools/verbs/machine_options.h"
#include "tools/verbs/workload_options.h"

namespace tools::verbs {

/// One file, or two side by side; "lesson/*" and its like: a course of what they match. `beside`:
/// the one file once more beside it, with what KNOB=VALUE says: a knob of --set, `machine` or
/// `kernel`, or a tunable of malloc, as in glibc.malloc.tcache_count=0; empty: not. Throws what
/// WorkloadOptions::load and the simulated machine throw; Refusal for more than two.
[[nodiscard]] std::string explain_page(const std::vector<std::string>& files,
                                       const std::string& beside, const MachineOptions& machine,
                                       const WorkloadOptions& workload);

/// {"version":1,"file","machine","steps":[...]}: explain::to_json of each step, one line.
[[nodiscard]] std::string explain_json(const std::string& file, const MachineOptions& machine,
                                       const WorkloadOptions& workload);

}  // namespace tools::verbs
