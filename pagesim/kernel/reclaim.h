// reclaim: pages leave memory because somebody asked for it.
#pragma once

#include "pagesim/address.h"
#include "pagesim/kernel/mm.h"

namespace pagesim::kernel {

/// MADV_PAGEOUT on a part of an area (spec/linux-faults section 8): private pages go to swap if
/// there is any, lazily freed clean ones are dropped, clean file pages leave the page cache; pages
/// mapped more than once stay.
void pageout_range(Mm& mm, const Vma& vma, VirtAddr start, VirtAddr end);
/// What memory pressure does after that: pages leave the swap cache too, so that only the device
/// has them.
void drop_swap_cache(Mm& mm, const Vma& vma, VirtAddr start, VirtAddr end);

}  // namespace pagesim::kernel
