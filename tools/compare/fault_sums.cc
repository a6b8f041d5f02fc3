// Counting.
#include "tools/compare/fault_sums.h"

namespace tools::compare {
namespace {

using allocator::Writer;

bool is_metadata(Writer writer) {
  return writer != Writer::CallocClear && writer != Writer::ReallocCopy && writer != Writer::User;
}

void add_copy(ForkBill& bill, const Fault& fault) {
  ++(fault.in_child ? bill.in_children : bill.in_parents);
  if (fault.payer != Payer::Malloc) return;
  ++bill.by_malloc;
  if (!fault.writer) {
    bill.by_metadata.reset();
  } else if (bill.by_metadata && is_metadata(*fault.writer)) {
    ++*bill.by_metadata;
  }
}

}  // namespace

FaultCounts count(const FaultList& list) {
  FaultCounts counts;
  for (const Fault& fault : list.faults) {
    ++(fault.payer == Payer::Kernel   ? counts.kernel_mode
       : fault.payer == Payer::Malloc ? counts.in_malloc
                                      : counts.in_program);
  }
  counts.lost = list.lost;
  return counts;
}

FaultSums sum_up(const FaultList& list) {
  FaultSums sums;
  sums.unexpected = list.unexpected;
  sums.forks = list.forks;
  sums.populated = list.populated;
  for (const Fault& fault : list.faults) {
    if (fault.error_code) ++sums.by_error_code[*fault.error_code];
    if (fault.payer == Payer::Kernel) {
      ++sums.kernel_by_call[fault.system_call];
      continue;
    }
    ++sums.by_region[static_cast<std::size_t>(fault.region)];
    ++sums.by_cause[static_cast<std::size_t>(fault.cause)];
    ++(fault.writer ? sums.by_writer[static_cast<std::size_t>(*fault.writer)]
                    : sums.writer_unknown);
    if (fault.cause == pagesim::Cause::CowCopy) add_copy(sums.fork_bill, fault);
  }
  return sums;
}

}  // namespace tools::compare
