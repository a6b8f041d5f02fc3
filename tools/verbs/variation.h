// What is varied: knobs with the values each of them takes, and every combination of them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tools/verbs/fork_point.h"
#include "tools/verbs/machine_options.h"
#include "tools/verbs/workload_options.h"

namespace tools::verbs {

/// --vary KNOB=V1,V2,...
struct Variation {
  std::string knob;
  std::vector<std::string> values;
};

/// Throws Refusal where a text is no variation, or varies what another varies already.
[[nodiscard]] std::vector<Variation> read_variations(const std::vector<std::string>& texts);

/// A value for each variation, in their order; empty for a row where nothing is varied.
using Combination = std::vector<std::string>;

/// First one without any, then all of them, the last variation changing fastest.
[[nodiscard]] std::vector<Combination> combinations(const std::vector<Variation>& variations);

/// How a row is run.
struct RowSetup {
  MachineOptions machine;
  WorkloadOptions workload;
  ForkPoint fork;
};

/// `base` with the combination's values. Knobs are those of --set, the verb's own options machine,
/// kernel, allocator, seed and touch, and the fork's. Throws Refusal for one that does not exist,
/// or a value it does not take.
[[nodiscard]] RowSetup setup_of(RowSetup base, const std::vector<Variation>& variations,
                                const Combination& combination);

/// A line a knob: its name, its values, what it is.
[[nodiscard]] std::string knobs_text();

}  // namespace tools::verbs
