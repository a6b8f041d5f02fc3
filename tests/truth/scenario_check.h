// Lays a run beside what the vectors' kernel did, line by line.
#pragma once

#include <string>
#include <vector>

#include "tests/truth/scenario.h"
#include "tools/run/runner.h"
#include "tools/script/op.h"

namespace truth {

/// What became of a scenario.
struct Verdict {
  std::string skipped;                   ///< why it was not run; empty: it was
  std::vector<std::string> differences;  ///< a sentence each: line, expected, got
};

/// What a machine lets be compared: everything the vectors tell; or, without the rights that show
/// faults and frames, counts, signals, results and the resident set.
enum class Detail { Everything, Counts };

/// Runs the scenario on `runner` and compares it with the vectors.
[[nodiscard]] Verdict check(const Scenario& scenario, tools::run::Runner& runner,
                            Detail detail = Detail::Everything);

}  // namespace truth
