// The time of faults in words: predicted beside measured, and what a calibration holds.
#pragma once

#include <string>

#include "pagesim/cost.h"
#include "tools/report/run_json.h"
#include "tools/run/fault_time.h"

namespace tools::report {

/// "446 ns", "1.37 us", "21.46 ms".
[[nodiscard]] std::string duration(double ns);

/// "predicted 4.41 ms for 3,075 faults; for 3,072 in the program's own accesses predicted 4.35 ms,
/// measured 4.53 ms (-4.0%)", or why it is not known.
[[nodiscard]] std::string fault_time_text(const run::FaultTime& time);
/// {"predicted_ns","faults","without_time","accesses":{"faults","predicted_ns","measured_ns"},
/// "missing"}; null where not known.
[[nodiscard]] Json to_json(const run::FaultTime& time);
/// {"predicted_ns","without_time","measured_ns"} of one operation, or null.
[[nodiscard]] Json op_time_json(const run::FaultTime& time, std::size_t op);

/// The kinds of faults with their times.
[[nodiscard]] std::string costs_text(const pagesim::Costs& costs);
/// The twelve steps by the time each takes, in lines of at most 80 characters.
[[nodiscard]] std::string steps_text(const pagesim::Costs& costs);

}  // namespace tools::report
