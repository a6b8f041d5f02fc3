// rmap: a page gains or loses a mapping, and is freed with the last one.
#pragma once

#include <optional>

#include "pagesim/check.h"
#include "pagesim/hardware/physical_memory.h"
#include "pagesim/kernel/mm.h"

namespace pagesim::kernel {

/// The counter a mapped frame belongs to.
[[nodiscard]] inline RssKind rss_kind(const hardware::FrameRecord& frame) noexcept {
  if (frame.has(hardware::frame_flag::Anon)) return RssKind::Anon;
  return frame.has(hardware::frame_flag::Shmem) ? RssKind::Shmem : RssKind::File;
}

/// One more entry of `mm` maps the frame.
inline void page_add_rmap(Mm& mm, FrameNumber frame) {
  hardware::FrameRecord& page = mm.kernel.memory.record(frame);
  check(page.mapcount < 0xffff, "a frame is mapped at most 65535 times");
  ++page.mapcount;
  mm.count(rss_kind(page), 1);
}
/// `mm` alone maps the frame, which was not mapped and belongs to it from now on.
inline void page_add_new_anon_rmap(Mm& mm, FrameNumber frame) {
  hardware::FrameRecord& page = mm.kernel.memory.record(frame);
  page.mapcount = 1;
  page.set(hardware::frame_flag::Anon | hardware::frame_flag::Exclusive);
  mm.count(RssKind::Anon, 1);
}
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
