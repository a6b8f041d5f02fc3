// huge_block: what forks, unmappings and splits do to a block one entry maps.
#include <algorithm>
#include <vector>

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

}  // namespace

FrameNumber folio_head(const Kernel& kernel, FrameNumber frame) noexcept {
  const std::uint32_t size = std::uint32_t{1} << kernel.memory.record(frame).order();
  return FrameNumber{static_cast<std::uint32_t>(frame) & ~(size - 1)};
}

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

namespace {

std::uint32_t folio_pages(const Mm& mm, FrameNumber head) {
  return std::uint32_t{1} << mm.kernel.memory.record(head).order();
}

/// How often pages of a folio are mapped, in all processes.
std::size_t all_mappings(const Mm& mm, FrameNumber head, std::uint32_t pages) {
  std::size_t all = 0;
  for (std::uint32_t i = 0; i < pages; ++i) all += mm.kernel.memory.record(nth(head, i)).mapcount;
  return all;
}

struct Mapping {
  VirtAddr at;
  Entry* entry;
};

/// The entries for single pages of a folio in [start, end).
std::vector<Mapping> mappings_between(Mm& mm, FrameNumber head, std::uint32_t pages, VirtAddr start,
                                      VirtAddr end) {
  const Ptes ptes{mm};
  std::vector<Mapping> found;
  mm.tables.visit(start, end, [&](VirtAddr at, Entry* entry, unsigned level) {
    if (level > 0 || !ptes.mapped(*entry)) return;
    const auto frame = static_cast<std::uint32_t>(ptes.frame(*entry));
    if (frame - static_cast<std::uint32_t>(head) < pages) found.push_back({at, entry});
  });
  return found;
}

/// Where the first page of the folio that is mapped at an address would be.
VirtAddr folio_start(const Mm& mm, VirtAddr at, FrameNumber frame) {
  const std::uint32_t before =
      static_cast<std::uint32_t>(frame) - static_cast<std::uint32_t>(folio_head(mm.kernel, frame));
  return at.align_down(mm.page_size()) - (std::size_t{before} << mm.page_shift());
}

/// Whether [start, end) holds the whole folio, each page mapped at its place.
bool has_whole_folio(Mm& mm, VirtAddr at, FrameNumber frame, VirtAddr start, VirtAddr end) {
  const VirtAddr first = folio_start(mm, at, frame);
  const FrameNumber head = folio_head(mm.kernel, frame);
  const std::uint32_t pages = folio_pages(mm, head);
  if (first < start || end < first + (std::size_t{pages} << mm.page_shift())) return false;
  for (std::uint32_t i = 0; i < pages; ++i)
    if (mapped_frame(mm, first + (std::size_t{i} << mm.page_shift())) != nth(head, i)) return false;
  return true;
}

/// Whether every mapping of the folio's pages is this address space's, wherever it was moved to.
bool is_mapped_here_alone(Mm& mm, FrameNumber head) {
  const std::uint32_t pages = folio_pages(mm, head);
  return mappings_between(mm, head, pages, VirtAddr{}, mm.limits.task_size).size() ==
         all_mappings(mm, head, pages);
}

/// Pages of a split folio that nobody stored to are given back; the zero page takes their place.
/// Not where they are locked.
void drop_zero_pages(Mm& mm, const std::vector<Mapping>& mappings) {
  const Ptes ptes{mm};
  for (const auto& [at, entry] : mappings) {
    const FrameNumber frame = ptes.frame(*entry);
    if (mm.kernel.memory.record(frame).has(flag::Nonzero)) continue;
    if (mm.find_vma(at)->has(vm_flag::Locked)) continue;
    *entry = ptes.zero_page(*entry);
    page_remove_rmap(mm, frame);
    mm.flush_tlb(at, at + mm.page_size(), TableChange::HugeSplit);
  }
}

}  // namespace

void split_mapped_folio(Mm& mm, VirtAddr at) {
  const auto [entry, level] = mm.tables.lowest(at);
  const auto frame = mapped_frame(mm, at);
  check(frame.has_value(), "a folio that is split is mapped");
  if (level > 0) split_huge_pmd(mm, at.align_down(mm.tables.span(1)), *entry);
  const FrameNumber head = folio_head(mm.kernel, *frame);
  const std::uint32_t pages = folio_pages(mm, head);
  const VirtAddr start = folio_start(mm, at, *frame);
  split_folio(mm.kernel, head);
  if (!mm.kernel.profile.split_drops_zero_pages) return;
  auto mappings =
      mappings_between(mm, head, pages, start, start + (std::size_t{pages} << mm.page_shift()));
  if (mappings.size() != all_mappings(mm, head, pages))  // some have moved
    mappings = mappings_between(mm, head, pages, VirtAddr{}, mm.limits.task_size);
  drop_zero_pages(mm, mappings);
}

Advisable advise_folio(Mm& mm, VirtAddr at, Entry* entry, unsigned level, VirtAddr start,
                       VirtAddr end) {
  const Ptes ptes{mm};
  const FrameNumber frame = ptes.frame(*entry);
  const hardware::FrameRecord& page = mm.kernel.memory.record(frame);
  if (page.has(flag::HugeZero | flag::Hugetlb)) return Advisable::Not;
  if (page.order() == 0) return page.mapcount == 1 ? Advisable::Single : Advisable::Not;
  const bool mine = is_folio_exclusive(mm, at, frame) ||
                    (level == 0 && is_mapped_here_alone(mm, folio_head(mm.kernel, frame)));
  if (!mine) return Advisable::Not;
  const bool whole = level > 0 ? start <= at && at + mm.tables.span(level) <= end
                               : has_whole_folio(mm, at, frame, start, end);
  if (whole) return Advisable::Whole;
  split_mapped_folio(mm, std::max(at, start));
  return Advisable::Single;
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
