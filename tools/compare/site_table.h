// The call sites of a comparison, side by side.
#pragma once

#include <string>

#include "tools/compare/comparison.h"
#include "tools/report/run_json.h"

namespace tools::compare {

/// The sites with the most faults under any subject, a column for each subject; empty where no
/// faults were seen.
[[nodiscard]] std::string site_table(const Comparison& comparison);

/// [{"site","function","source","line","object","via","payer","faults"}], most faults first, and
/// the kernel's share in a row of its own: they sum up to the run's faults.
[[nodiscard]] report::Json by_site_json(const Profile& profile, const Run& run);

}  // namespace tools::compare
