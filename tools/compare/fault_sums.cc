// Counting.
#include "tools/compare/fault_sums.h"

namespace tools::compare {

FaultSums sum_up(const FaultList& list) {
  FaultSums sums;
  sums.lost = list.lost;
  sums.unexpected = list.unexpected;
  sums.forks = list.forks;
  for (const Fault& fault : list.faults) {
    if (fault.payer == Payer::Kernel) {
      ++sums.kernel_mode;
      continue;
    }
    ++(fault.major ? sums.major : sums.minor);
    ++(fault.payer == Payer::Malloc ? sums.in_malloc : sums.in_program);
    ++sums.by_region[static_cast<std::size_t>(fault.region)];
    ++sums.by_cause[static_cast<std::size_t>(fault.cause)];
    if (fault.cause != pagesim::Cause::CowCopy) continue;
    ++(fault.in_child ? sums.fork_bill.in_children : sums.fork_bill.in_parents);
    if (fault.payer == Payer::Malloc) ++sums.fork_bill.by_malloc;
  }
  return sums;
}

}  // namespace tools::compare
