// Runs as a trace that Chrome (chrome://tracing) and Perfetto open.
#pragma once

#include <vector>

#include "tools/report/fault_log.h"

namespace tools::report {

/// One object in the trace event format: a track for each task of each run, an operation as a slice
/// on it ("X"), a fault as a slice within it where its duration is known and else as an instant
/// ("i"). Times are microseconds; without a clock, a fault is one microsecond long and
/// otherData.time says so.
[[nodiscard]] Json chrome_trace(const std::vector<Logged>& runs);

}  // namespace tools::report
