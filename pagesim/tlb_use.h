// TlbUse: what translation hardware did for a run, and which flushes the kernel asked of it.
#pragma once

#include "pagesim/flush_log.h"
#include "pagesim/hardware/tlb.h"

namespace pagesim {

/// Counted for all address spaces of a machine.
struct TlbUse {
  hardware::TlbCounters counters;
  FlushCountsByChange flushes = {};

  /// What came after `before`, an earlier state of the same machine.
  [[nodiscard]] TlbUse since(const TlbUse& before) const noexcept;
};

}  // namespace pagesim
