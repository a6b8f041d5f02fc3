// Splits: the faults of a run by one question, each fault once.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tools/compare/comparison.h"
#include "tools/report/run_json.h"

namespace tools::compare {

/// Faults by name, those that do not occur too.
using Split = std::vector<std::pair<std::string, std::int64_t>>;

/// Of a run with FaultSums. User mode, by what the page lacked and by whose words were touched:
/// with Run::kernel_share() they sum up to all faults.
[[nodiscard]] Split by_cause(const Run& run);
[[nodiscard]] Split by_writer(const Run& run);
/// Run::kernel_share() by the system call they were in. Faults with an event: by the kernel's call
/// chain. Those without, of populating memory (MAP_POPULATE, mlock): as the simulated machine had
/// them, where it had no more than there were.
[[nodiscard]] Split kernel_by_call(const Run& run);
/// All faults of a run by the processor's error code ("0x06"); empty: no code was told.
[[nodiscard]] Split by_error_code(const Run& run);

/// Those that occur; null: nothing is told.
[[nodiscard]] report::Json to_json(const Split& split);

}  // namespace tools::compare
