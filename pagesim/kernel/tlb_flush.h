// TlbFlush: how the kernel tells translation hardware it never sees that entries have changed.
#pragma once

#include "pagesim/address.h"

namespace pagesim::kernel {

class TlbFlush {
 public:
  virtual ~TlbFlush() = default;
  /// Entries of the pages of [start, end) changed.
  virtual void flush_tlb_range(VirtAddr start, VirtAddr end) = 0;
  /// Page tables were freed: nothing remembered about any of them holds.
  virtual void flush_tlb_tables() = 0;
};

}  // namespace pagesim::kernel
