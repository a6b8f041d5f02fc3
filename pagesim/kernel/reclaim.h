// reclaim: how pages leave memory, because somebody asked for it or there is too little of it.
#pragma once

#include <optional>
#include <vector>

#include "pagesim/address.h"
#include "pagesim/kernel/mm.h"
#include "pagesim/kernel/page_finder.h"

namespace pagesim::kernel {

/// MADV_PAGEOUT on a part of an area (spec/linux-faults section 8): private pages go to swap if
/// there is any, lazily freed clean ones are dropped, clean file pages leave the page cache; pages
/// mapped more than once stay.
void pageout_range(Mm& mm, const Vma& vma, VirtAddr start, VirtAddr end);
/// What memory pressure does after that: pages leave the swap cache too, so that only the device
/// has them.
void drop_swap_cache(Mm& mm, const Vma& vma, VirtAddr start, VirtAddr end);
/// Takes a page, or the folio it is the first of, out of memory: private and shared ones to swap,
/// if there is any, those given up nowhere, files' pages to their file. A folio others share a part
/// of falls apart, and stays. `mappings`: all of the page; `file_page`: whose it is.
void reclaim_page(Kernel& kernel, FrameNumber frame, const std::vector<PageMapping>& mappings,
                  const std::optional<PageFinder::FilePage>& file_page);

}  // namespace pagesim::kernel
