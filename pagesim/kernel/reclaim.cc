// reclaim: swapping out, dropping.
#include "pagesim/kernel/reclaim.h"

#include "pagesim/check.h"
#include "pagesim/kernel/file.h"
#include "pagesim/kernel/huge.h"
#include "pagesim/kernel/page_cache.h"
#include "pagesim/kernel/pte.h"
#include "pagesim/kernel/rmap.h"
#include "pagesim/kernel/swap.h"
#include "pagesim/kernel/zap.h"

namespace pagesim::kernel {

namespace {

namespace flag = hardware::frame_flag;

/// The entry of a private page becomes the name of a slot; the page is in the swap cache. It is
/// nobody's merged page any more: who finds it there may have it alone.
void unmap_to_swap(Mm& mm, Entry* entry) {
  const Ptes ptes{mm};
  Swap& swap = mm.kernel.swap;
  const FrameNumber frame = ptes.frame(*entry);
  hardware::FrameRecord& page = mm.kernel.memory.record(frame);
  const bool exclusive = page.has(flag::Exclusive);
  if (!page.has(flag::SwapCache)) swap.add_to_cache(swap.allocate(), frame);
  const SwapSlot slot = swap.slot_of(frame);
  if (page.has(flag::Ksm)) swap.set_merged(slot);
  swap.duplicate(slot);
  *entry = make_nonpresent(NonPresent::Swap, static_cast<std::uint64_t>(slot), exclusive);
  mm.count(RssKind::Swap, 1);
  if (page.mapcount == 1) page.clear(flag::Ksm);
  page_remove_rmap(mm, frame);
}

/// A disk writes later: until then the page stays in the swap cache.
void swap_out(Mm& mm, Entry* entry) {
  const FrameNumber frame = Ptes{mm}.frame(*entry);
  unmap_to_swap(mm, entry);
  if (mm.kernel.profile.swap == SwapDevice::Zram) mm.kernel.swap.delete_from_cache(frame);
}

void pageout_anon(Mm& mm, Entry* entry) {
  const Ptes ptes{mm};
  const hardware::FrameRecord& page = mm.kernel.memory.record(ptes.frame(*entry));
  if (page.has(flag::LazyFree) && !ptes.dirty(*entry))
    zap_entry(mm, entry);
  else if (mm.kernel.profile.swap != SwapDevice::None)
    swap_out(mm, entry);
}

/// A file's page: read again from disk when needed; one of shared memory goes to swap. A folio that
/// is only in part among the pages falls apart, and stays.
void pageout_file(Mm& mm, const Vma& vma, VirtAddr at, Entry* entry, PageRange pages) {
  const Ptes ptes{mm};
  File& file = *vma.file;
  const std::uint64_t index = vma.pgoff + ((at - vma.start) >> mm.page_shift());
  const hardware::FrameRecord& page = mm.kernel.memory.record(ptes.frame(*entry));
  const bool dirty = page.has(flag::Dirty) || ptes.dirty(*entry);
  if (file.is_shmem() ? mm.kernel.profile.swap == SwapDevice::None : dirty) return;
  const File::Folio folio = file.folio_of(index);
  if (folio.first < pages.first || folio.first + folio.pages - 1 > pages.last)
    return split_file_folio(mm.kernel, file, index);
  zap_entry(mm, entry);
  if (!file.is_shmem())
    file.remove_page(index, true);
  else
    file.swap_out_page(index, mm.kernel.profile.swap == SwapDevice::Zram);
}

/// Whether a folio that is to be paged out whole was given up and stored to since.
bool is_wanted_again(Mm& mm, const Entry* entry) {
  const Ptes ptes{mm};
  return mm.kernel.memory.record(ptes.frame(*entry)).has(flag::LazyFree) && ptes.dirty(*entry);
}

/// A huge page to be paged out falls apart, and its pages are visited next. It is written as a
/// whole by a compressed device alone: for any other the folio is split too, and pages nobody
/// stored to become the zero page.
void split_for_pageout(Mm& mm, VirtAddr at, Entry* pmd, VirtAddr start, VirtAddr end) {
  const Ptes ptes{mm};
  if (advise_folio(mm, at, pmd, 1, start, end) != Advisable::Whole) return;
  if (is_wanted_again(mm, pmd)) return;
  const bool given_up = mm.kernel.memory.record(ptes.frame(*pmd)).has(flag::LazyFree);
  if (mm.kernel.profile.swap == SwapDevice::Zram || given_up)
    split_huge_pmd(mm, at, *pmd);
  else
    split_mapped_folio(mm, at);
}

/// The same for a folio mapped page by page. Whether the page is to go.
bool prepare_for_pageout(Mm& mm, VirtAddr at, Entry* entry, VirtAddr start, VirtAddr end) {
  const Ptes ptes{mm};
  const Advisable folio = advise_folio(mm, at, entry, 0, start, end);
  if (folio == Advisable::Whole && mm.kernel.profile.swap != SwapDevice::Zram &&
      !mm.kernel.memory.record(ptes.frame(*entry)).has(flag::LazyFree))
    split_mapped_folio(mm, at);
  return folio != Advisable::Not && !ptes.is_zero_page(*entry);
}

}  // namespace

void pageout_range(Mm& mm, const Vma& vma, VirtAddr start, VirtAddr end) {
  const Ptes ptes{mm};
  const unsigned shift = mm.page_shift();
  const PageRange pages{vma.pgoff + ((start - vma.start) >> shift),
                        vma.pgoff + ((end - vma.start) >> shift) - 1};
  mm.tables.visit(start, end, [&](VirtAddr at, Entry* entry, unsigned level) {
    if (level > 0) return split_for_pageout(mm, at, entry, start, end);
    if (!ptes.mapped(*entry) || ptes.is_zero_page(*entry)) return;
    const hardware::FrameRecord& page = mm.kernel.memory.record(ptes.frame(*entry));
    if (!page.has(flag::Anon)) {
      if (page.mapcount == 1) pageout_file(mm, vma, at, entry, pages);
    } else if (prepare_for_pageout(mm, at, entry, start, end)) {
      pageout_anon(mm, entry);
    }
  });
  mm.flush_tlb(start, end, TableChange::Pageout);
}

void drop_swap_cache(Mm& mm, const Vma& vma, VirtAddr start, VirtAddr end) {
  const Ptes ptes{mm};
  Swap& swap = mm.kernel.swap;
  mm.tables.visit(start, end, [&](VirtAddr, const Entry* entry, unsigned) {
    if (ptes.kind(*entry) != NonPresent::Swap) return;
    const auto frame = swap.cached(ptes.swap_slot(*entry));
    if (frame && mm.kernel.memory.record(*frame).mapcount == 0) swap.delete_from_cache(*frame);
  });
  if (!vma.file || !vma.file->is_shmem()) return;
  const std::uint64_t first = vma.pgoff + ((start - vma.start) >> mm.page_shift());
  for (const std::uint64_t index :
       vma.file->cached_pages(first, first + ((end - start) >> mm.page_shift()) - 1))
    if (vma.file->find_page(index)->swap_cached) vma.file->swap_out_page(index, true);
}

namespace {

/// A private page several entries map: they all name one slot.
void swap_out_shared(Kernel& kernel, FrameNumber frame, const std::vector<PageMapping>& mappings) {
  if (kernel.profile.swap == SwapDevice::None) return;
  for (const auto& [mm, at] : mappings) {
    unmap_to_swap(*mm, mm->tables.lowest(at).entry);
    mm->flush_tlb(at, at + mm->page_size(), TableChange::Pageout);
  }
  kernel.swap.delete_from_cache(frame);
}

/// A folio with pages others map too: they go one by one, later.
void split_shared_folio(Kernel& kernel, FrameNumber head,
                        const std::vector<PageMapping>& mappings) {
  for (const auto& [mm, at] : mappings) {
    const auto [entry, level] = mm->tables.lowest(at);
    if (level > 0) split_huge_pmd(*mm, at, *entry);
  }
  split_folio(kernel, head);
}

void reclaim_anon(Kernel& kernel, FrameNumber frame, const std::vector<PageMapping>& mappings) {
  const hardware::FrameRecord& page = kernel.memory.record(frame);
  if (mappings.empty()) {
    if (page.has(flag::SwapCache)) kernel.swap.delete_from_cache(frame);
    return;
  }
  if (page.order() == 0 && page.mapcount > 1) return swap_out_shared(kernel, frame, mappings);
  Mm& mm = *mappings.front().mm;
  const VirtAddr at = mappings.front().at;
  const Vma* vma = mm.find_vma(at);
  if (page.order() > 0 && !is_folio_exclusive(mm, at, frame))
    return split_shared_folio(kernel, frame, mappings);
  const VirtAddr end = at + (mm.page_size() << page.order());
  pageout_range(mm, *vma, at, end);
  drop_swap_cache(mm, *vma, at, end);
}

/// All entries of a file's page are emptied; a dirty one makes the page dirty.
void unmap_file_page(Kernel& kernel, FrameNumber frame, const std::vector<PageMapping>& mappings) {
  for (const auto& [mm, at] : mappings) {
    zap_entry(*mm, mm->tables.lowest(at).entry);
    mm->flush_tlb(at, at + mm->page_size(), TableChange::Pageout);
  }
  check(kernel.memory.record(frame).mapcount == 0, "all mappings of a page are known");
}

/// Written back if it is dirty, and dropped. A folio falls apart first if pages of it are mapped.
void reclaim_file_page(Kernel& kernel, FrameNumber frame, const std::vector<PageMapping>& mappings,
                       const PageFinder::FilePage& page) {
  File& file = *page.file;
  if (file.is_shmem() && kernel.profile.swap == SwapDevice::None) return;
  split_file_folio(kernel, file, page.index);
  if (kernel.memory.record(frame).mapcount != 0) unmap_file_page(kernel, frame, mappings);
  if (file.is_shmem())
    file.swap_out_page(page.index, true);
  else
    file.remove_page(page.index, true);
}

}  // namespace

void reclaim_page(Kernel& kernel, FrameNumber frame, const std::vector<PageMapping>& mappings,
                  const std::optional<PageFinder::FilePage>& file_page) {
  if (file_page)
    reclaim_file_page(kernel, frame, mappings, *file_page);
  else if (kernel.memory.record(frame).has(flag::Anon))
    reclaim_anon(kernel, frame, mappings);
}

}  // namespace pagesim::kernel
