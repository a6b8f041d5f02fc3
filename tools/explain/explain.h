// A script explained: its text, what each line costs, and the views it asks for.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/explain/header.h"
#include "tools/explain/view.h"
#include "tools/run/outcome.h"
#include "tools/run/sim_runner.h"

namespace tools::explain {

/// Nothing printed for a terminal is wider.
inline constexpr std::size_t kWidth = 80;

struct Explanation {
  run::RunOutcome outcome;
  std::vector<std::pair<ViewRequest, std::string>> views;  ///< in the order they were shown
};

/// Runs the program on a new simulated machine and looks at it where the script asks.
[[nodiscard]] Explanation explain(const script::Program& program, const run::SimSetup& setup,
                                  const run::RunOptions& options,
                                  const measure::SavedCosts& costs = {{}, "not calibrated"});

/// The header's text, the script with the faults of each line, and the views. `machine`: "simulated
/// x86-64".
[[nodiscard]] std::string to_text(const script::Program& program, const ScriptHeader& header,
                                  const Explanation& explanation, const std::string& machine);

/// A paragraph broken between words into lines of at most `width`, each behind `indent` spaces.
[[nodiscard]] std::string fold(std::string_view paragraph, std::size_t indent, std::size_t width);

}  // namespace tools::explain
