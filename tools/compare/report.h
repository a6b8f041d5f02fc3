// A comparison as a table, JSON, CSV.
#pragma once

#include <string>

#include "tools/compare/comparison.h"
#include "tools/report/run_json.h"

namespace tools::compare {

/// Medians in a row for each subject, and the intervals of the two figures that are compared most;
/// below it the typical run of each by region.
[[nodiscard]] std::string to_text(const Comparison& comparison);
/// {"version","command","runs","allocators":[{"name","library","version","status","good_runs",
/// "minor":{"median","minimum","maximum","interval_95","p","differs"},...,
/// "typical_run":{"minor","major","by_payer","by_region","by_cause","by_writer","by_site",
/// "unexpected","fork_bill","kernel_events","lost"}}],"missing"}.
[[nodiscard]] report::Json to_json(const Comparison& comparison);
/// A line for each subject and figure.
[[nodiscard]] std::string to_csv(const Comparison& comparison);

}  // namespace tools::compare
