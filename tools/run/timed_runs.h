// Timed runs: the same program again, for the time of its accesses alone.
#pragma once

#include <vector>

#include "tools/run/kernel_runner.h"
#include "tools/run/outcome.h"
#include "tools/script/op.h"

namespace tools::run {

/// Programs of more operations are not timed: each run holds all of them in memory.
inline constexpr std::size_t kTimedOps = 100'000;

/// Three runs on this kernel with KernelOptions::time_accesses; none for a long program. Throws
/// what KernelRunner throws.
[[nodiscard]] std::vector<RunOutcome> timed_runs(const script::Program& program,
                                                 const RunOptions& options, KernelOptions kernel);

}  // namespace tools::run
