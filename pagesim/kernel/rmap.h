// rmap: a page gains or loses a mapping, and is freed with the last one.
#pragma once

#include <optional>

#include "pagesim/hardware/physical_memory.h"
#include "pagesim/kernel/mm.h"

namespace pagesim::kernel {

/// The counter a mapped frame belongs to.
[[nodiscard]] RssKind rss_kind(const hardware::FrameRecord& frame) noexcept;

/// One more entry of `mm` maps the frame.
void page_add_rmap(Mm& mm, FrameNumber frame);
/// One fewer does; a frame nobody maps and no cache holds is freed.
void page_remove_rmap(Mm& mm, FrameNumber frame);
/// A level-1 entry maps a whole folio from now on, or no longer.
void add_block_rmap(Mm& mm, FrameNumber head);
void remove_block_rmap(Mm& mm, FrameNumber head);
/// The frame mapped at an address, PROT_NONE or not.
[[nodiscard]] std::optional<FrameNumber> mapped_frame(Mm& mm, VirtAddr at);
/// Frees a frame nobody maps and no cache holds.
void put_page(Kernel& kernel, FrameNumber frame);

}  // namespace pagesim::kernel
