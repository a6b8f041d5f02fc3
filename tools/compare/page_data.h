// What the page shows beyond the JSON: faults over time, in the address space, by call stack.
#pragma once

#include "tools/compare/comparison.h"
#include "tools/report/run_json.h"

namespace tools::compare {

/// {"comparison": as to_json() without "by_site", "names":[...], "bin_s",
/// "views":[null or {"timeline":[faults a bin], "sites":[[name, faults]...],
/// "flame":[[parent, name, faults of its own]...], "strip":{...}}]}, a view for each subject.
[[nodiscard]] report::Json page_data(const Comparison& comparison);

}  // namespace tools::compare
