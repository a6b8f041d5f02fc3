// numa: entries that fault once more, so that the kernel learns who uses a page.
#pragma once

#include "pagesim/kernel/fault.h"
#include "pagesim/kernel/mm.h"

namespace pagesim::kernel {

/// change_prot_numa: what NUMA balancing's scan does to pages of [start, end). Their entries allow
/// no access until the next one; of a huge page, the block's entry. Passed by are the zero page,
/// merged pages, private pages that several map, dirty pages of files, files that may only be read,
/// shared memory, and areas that allow no access themselves.
void change_prot_numa(Mm& mm, VirtAddr start, VirtAddr end);

/// Whether an entry that maps a page of the fault's area is one of those. In an area that allows no
/// access none is, though entries there look alike: a forced access (/proc/PID/mem) comes by.
[[nodiscard]] bool is_numa_hint(const VmFault& vmf, Entry entry) noexcept;
/// do_numa_page: the entry allows again what it did, and so do those of other pages of its folio
/// that lie where it lies; one minor fault.
FaultResult do_numa_page(VmFault& vmf, Entry& entry);

}  // namespace pagesim::kernel
