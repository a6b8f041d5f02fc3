// fault_around: entries of a file's pages, several at a time.
#pragma once

#include "pagesim/kernel/fault.h"
#include "pagesim/kernel/file.h"

namespace pagesim::kernel {

[[nodiscard]] std::uint64_t linear_page_index(const Mm& mm, const Vma& vma, VirtAddr at);

/// The entry of the faulting page, its table made if need be.
[[nodiscard]] bool make_pte(VmFault& vmf);

/// filemap_map_pages: maps what is in memory around the fault and not mapped yet, except folios
/// that carry the read-ahead mark. Whether the faulting page was among it.
bool do_fault_around(VmFault& vmf);

/// Maps the file's page behind the fault, whose entry exists; with it its folio, if all of that
/// lies in the area, the page table and the file and none of it is mapped.
void finish_fault(VmFault& vmf, FrameNumber frame);

}  // namespace pagesim::kernel
