// hugetlb: huge pages from a pool an administrator filled; mapped whole, never split or swapped.
#pragma once

#include "pagesim/kernel/fault.h"
#include "pagesim/kernel/mm.h"

namespace pagesim::kernel {

/// A fault in a MAP_HUGETLB area: one minor fault for each huge page and kind of access; a read
/// gets a page of its own too. SIGBUS when the pool is empty.
FaultResult hugetlb_fault(VmFault& vmf);
/// Whether the pool could fill so many bytes now.
[[nodiscard]] bool hugetlb_has_room(const Mm& mm, std::size_t bytes) noexcept;
/// One mapping of a huge page of the pool is gone; with the last one it is back in the pool.
void hugetlb_remove_rmap(Mm& mm, FrameNumber head);

}  // namespace pagesim::kernel
