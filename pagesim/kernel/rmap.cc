// rmap: map counts and their reflection in RSS.
#include "pagesim/kernel/rmap.h"

#include "pagesim/check.h"
#include "pagesim/kernel/pte.h"

namespace pagesim::kernel {

namespace flag = hardware::frame_flag;

void page_remove_rmap(Mm& mm, FrameNumber frame) {
  hardware::FrameRecord& page = mm.kernel.memory.record(frame);
  check(page.mapcount > 0, "a mapping that is taken away was counted");
  --page.mapcount;
  mm.count(rss_kind(page), -1);
  put_page(mm.kernel, frame);
}

void add_block_rmap(Mm& mm, FrameNumber head) {
  const std::uint32_t pages = std::uint32_t{1} << mm.kernel.memory.record(head).order();
  for (std::uint32_t i = 0; i < pages; ++i)
    page_add_rmap(mm, FrameNumber{static_cast<std::uint32_t>(head) + i});
}

void remove_block_rmap(Mm& mm, FrameNumber head) {
  const std::uint32_t pages = std::uint32_t{1} << mm.kernel.memory.record(head).order();
  for (std::uint32_t i = 0; i < pages; ++i)
    page_remove_rmap(mm, FrameNumber{static_cast<std::uint32_t>(head) + i});
}

std::optional<FrameNumber> mapped_frame(Mm& mm, VirtAddr at) {
  const Ptes ptes{mm};
  const auto [entry, level] = mm.tables.lowest(at);
  if (!ptes.mapped(*entry)) return std::nullopt;
  const std::uint64_t inside = (at.raw() & (mm.tables.span(level) - 1)) >> mm.page_shift();
  return FrameNumber{
      static_cast<std::uint32_t>(static_cast<std::uint32_t>(ptes.frame(*entry)) + inside)};
}

void put_page(Kernel& kernel, FrameNumber frame) {
  const hardware::FrameRecord& page = kernel.memory.record(frame);
  if (page.mapcount != 0 || page.has(flag::PageCache)) return;
  if (page.has(flag::SwapCache))
    (void)kernel.swap.try_to_free(frame);  // frees the frame when no entry names its slot
  else
    kernel.memory.free(frame);
}

}  // namespace pagesim::kernel
