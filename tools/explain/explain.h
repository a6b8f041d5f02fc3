// A script explained: its text, what each line costs, and the views it asks for.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/explain/fold.h"
#include "tools/explain/header.h"
#include "tools/explain/step_text.h"
#include "tools/explain/view.h"
#include "tools/run/outcome.h"
#include "tools/run/sim_runner.h"

namespace tools::explain {

struct Explanation {
  run::RunOutcome outcome;
  std::vector<std::pair<ViewRequest, std::string>> views;  ///< in the order they were shown
  std::string steps;                                       ///< as StepWishes ask
};

/// Runs the program on a new simulated machine and looks at it where the script and `wishes` ask.
[[nodiscard]] Explanation explain(const script::Program& program, const run::SimSetup& setup,
                                  const run::RunOptions& options, const StepWishes& wishes = {},
                                  const measure::SavedCosts& costs = {{}, "not calibrated"});

/// The header's text, the script with the faults of each line, the views and the steps. `machine`:
/// "simulated x86-64".
[[nodiscard]] std::string to_text(const script::Program& program, const ScriptHeader& header,
                                  const Explanation& explanation, const std::string& machine);

}  // namespace tools::explain
