// huge_block: what forks, unmappings and splits do to a block one entry maps.
#include <algorithm>

#include "pagesim/check.h"
#include "pagesim/kernel/huge.h"
#include "pagesim/kernel/hugetlb.h"
#include "pagesim/kernel/pte.h"
#include "pagesim/kernel/rmap.h"

namespace pagesim::kernel {

namespace {

namespace flag = hardware::frame_flag;

FrameNumber nth(FrameNumber head, std::uint32_t i) {
  return FrameNumber{static_cast<std::uint32_t>(head) + i};
}

/// The first frame of the folio a frame belongs to: folios are naturally aligned.
FrameNumber folio_head(const Kernel& kernel, FrameNumber frame) {
  const std::uint32_t size = std::uint32_t{1} << kernel.memory.record(frame).order();
  return FrameNumber{static_cast<std::uint32_t>(frame) & ~(size - 1)};
}

}  // namespace

void mark_block(Mm& mm, FrameNumber head, std::uint16_t flag, bool on) {
  for (std::uint32_t i = 0; i < huge_pages(mm); ++i) {
    hardware::FrameRecord& page = mm.kernel.memory.record(nth(head, i));
    if (on)
      page.set(flag);
    else
      page.clear(flag);
  }
}

void split_huge_pmd(Mm& mm, VirtAddr block, Entry& pmd) {
  const Ptes ptes{mm};
  const Entry old = ptes.clear_huge(pmd);
  const FrameNumber head = ptes.frame(old);
  const bool zero = mm.kernel.memory.record(head).has(flag::HugeZero);
  Entry* table = mm.tables.hang(pmd);
  for (std::uint32_t i = 0; i < huge_pages(mm); ++i)
    table[i] = ptes.with_frame(old, zero ? hardware::kZeroFrame : nth(head, i));
  mm.flush_tlb(block, block + mm.tables.span(1), TableChange::HugeSplit, 1);
}

void split_straddling_block(Mm& mm, VirtAddr edge) {
  if (edge.is_aligned(mm.tables.span(1))) return;
  const Vma* vma = mm.find_vma(edge);
  if (vma == nullptr || vma->start != edge) return;
  Entry* pmd = mm.tables.find(edge, 1);
  if (pmd != nullptr && *pmd != 0 && !mm.tables.is_table(*pmd))
    split_huge_pmd(mm, edge.align_down(mm.tables.span(1)), *pmd);
}

bool takes_whole_block(Mm& mm, VirtAddr block, Entry& entry, unsigned level, VirtAddr start,
                       VirtAddr end) {
  if (level == 0) return false;
  check(level == 1, "only entries of level 1 map huge pages");
  if (start <= block && block + mm.tables.span(1) <= end) return true;
  split_huge_pmd(mm, block, entry);
  return false;
}

void zap_huge_pmd(Mm& mm, Entry& pmd) {
  const Ptes ptes{mm};
  const FrameNumber head = ptes.frame(pmd);
  pmd = 0;
  if (mm.kernel.memory.record(head).has(flag::Hugetlb)) return hugetlb_remove_rmap(mm, head);
  mm.tables.withdraw();
  if (!mm.kernel.memory.record(head).has(flag::HugeZero)) remove_block_rmap(mm, head);
}

bool copy_huge_pmd(Mm& child, VirtAddr block, Entry& pmd) {
  const Ptes ptes{child};
  Entry* target = child.tables.find_or_make(block, 1);
  if (target == nullptr) return false;
  pmd = ptes.wrprotect(pmd);
  *target = ptes.mkold(pmd);
  const FrameNumber head = ptes.frame(pmd);
  if (child.kernel.memory.record(head).has(flag::Hugetlb)) {
    child.kernel.memory.record(head).clear(flag::Exclusive);
    ++child.kernel.memory.record(head).mapcount;
    return true;
  }
  if (!child.tables.deposit()) return false;
  if (child.kernel.memory.record(head).has(flag::HugeZero)) return true;
  mark_block(child, head, flag::Exclusive, false);
  add_block_rmap(child, head);
  return true;
}

void split_folio(Kernel& kernel, FrameNumber head) {
  const std::uint32_t size = std::uint32_t{1} << kernel.memory.record(head).order();
  for (std::uint32_t i = 0; i < size; ++i) kernel.memory.record(nth(head, i)).set_order(0);
}

bool is_folio_exclusive(Mm& mm, VirtAddr at, FrameNumber frame) {
  const hardware::PhysicalMemory& memory = mm.kernel.memory;
  const unsigned order = memory.record(frame).order();
  const FrameNumber head = folio_head(mm.kernel, frame);
  const std::uint32_t before = static_cast<std::uint32_t>(frame) - static_cast<std::uint32_t>(head);
  const VirtAddr start = at.align_down(mm.page_size()) - (std::size_t{before} << mm.page_shift());
  std::uint32_t all = 0;
  std::uint32_t mine = 0;
  for (std::uint32_t i = 0; i < std::uint32_t{1} << order; ++i) {
    const hardware::FrameRecord& page = memory.record(nth(head, i));
    if (page.order() != order) continue;  // it left the folio
    all += page.mapcount;
    mine += mapped_frame(mm, start + (std::size_t{i} << mm.page_shift())) == nth(head, i) ? 1 : 0;
  }
  return all == mine;
}

}  // namespace pagesim::kernel
