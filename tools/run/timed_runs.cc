// Timed runs: the same program again, for the time of its accesses alone.
#include "tools/run/timed_runs.h"

namespace tools::run {

std::vector<RunOutcome> timed_runs(const script::Program& program, const RunOptions& options,
                                   KernelOptions kernel) {
  constexpr int kRuns = 3;
  std::vector<RunOutcome> runs;
  if (program.ops.size() > kTimedOps) return runs;
  kernel.time_accesses = true;
  RunOptions plain;
  plain.keep_going = options.keep_going;
  for (int i = 0; i < kRuns; ++i) runs.push_back(KernelRunner{kernel}.run(program, plain));
  return runs;
}

}  // namespace tools::run
