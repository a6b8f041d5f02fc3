// ksm: private pages with the same bytes become one.
#pragma once

#include "pagesim/kernel/mm.h"

namespace pagesim::kernel {

/// What ksmd has done after enough full scans: in areas advised MERGEABLE, pages with the same
/// bytes are one frame that nobody may write to, at most 256 pages a frame. Nothing is counted, and
/// each counts as resident as before. Huge pages fall apart where one of their pages is merged.
/// Pages whose bytes nobody knows (Task::touch, zeros filled in) are like no other.
///
/// Measured on 6.18, with use_zero_pages off: pages of zeros are merged like others, pages shared
/// since a fork and locked ones too; those of the zero page, of shared memory and of files are not.
void ksm_scan(Kernel& kernel);

/// MADV_UNMERGEABLE: each merged page of [start, end) is copied, which counts as a minor fault. 0
/// or an errno.
int unmerge_ksm_pages(Mm& mm, const Current& current, VirtAddr start, VirtAddr end);

}  // namespace pagesim::kernel
