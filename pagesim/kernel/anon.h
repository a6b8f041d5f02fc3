// anon: private pages and the mark an area keeps of having had one.
#pragma once

#include "pagesim/kernel/mm.h"

namespace pagesim::kernel {

/// A zeroed frame that belongs to one process; nothing when memory is exhausted.
[[nodiscard]] inline hardware::MaybeFrame alloc_anon_page(Mm& mm) {
  const auto frame = mm.kernel.memory.allocate();
  if (frame)
    mm.kernel.memory.record(*frame).set(hardware::frame_flag::Anon |
                                        hardware::frame_flag::Exclusive);
  return frame;
}
/// From now on the area has, or may have, private pages: fork copies its entries.
inline void anon_vma_prepare(Mm& mm, Vma& vma) {
  if (vma.anon_vma == AnonVma::None) vma.anon_vma = mm.mergeable_anon_vma(vma);
}

}  // namespace pagesim::kernel
