// What more rights add: the kernel's share by system call, and error codes.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "tools/compare/comparison.h"
#include "tools/report/run_json.h"

namespace tools::compare {

/// Faults by name; "unknown" among them. They sum up to what is split.
using NamedCounts = std::map<std::string, std::int64_t>;

/// Run::kernel_share() by the system call they were in. Faults with an event: by the kernel's call
/// chain. Those without, of populating memory (MAP_POPULATE, mlock): as the simulated machine had
/// them, where it had no more than there were.
[[nodiscard]] NamedCounts kernel_by_call(const Run& run);
/// All faults of a run by the processor's error code ("0x06"); empty: no code was told.
[[nodiscard]] NamedCounts by_error_code(const Run& run);

/// Tables of the typical runs, each after an empty line; empty: no run has any.
[[nodiscard]] std::string kernel_tables(const Comparison& comparison);
/// Null where nothing is told.
[[nodiscard]] report::Json to_json(const NamedCounts& counts);

}  // namespace tools::compare
