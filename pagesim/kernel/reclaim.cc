// reclaim: swapping out, dropping.
#include "pagesim/kernel/reclaim.h"

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

/// The entry of a private page becomes the name of a slot. A disk writes later: until then the page
/// stays in the swap cache.
void swap_out(Mm& mm, Entry* entry) {
  const Ptes ptes{mm};
  Swap& swap = mm.kernel.swap;
  const FrameNumber frame = ptes.frame(*entry);
  hardware::FrameRecord& page = mm.kernel.memory.record(frame);
  const bool exclusive = page.has(flag::Exclusive);
  if (!page.has(flag::SwapCache)) swap.add_to_cache(swap.allocate(), frame);
  const SwapSlot slot = swap.slot_of(frame);
  swap.duplicate(slot);
  *entry = make_nonpresent(NonPresent::Swap, static_cast<std::uint64_t>(slot), exclusive);
  mm.count(RssKind::Swap, 1);
  page_remove_rmap(mm, frame);
  if (mm.kernel.profile.swap == SwapDevice::Zram) swap.delete_from_cache(frame);
}

void pageout_anon(Mm& mm, Entry* entry) {
  const Ptes ptes{mm};
  const hardware::FrameRecord& page = mm.kernel.memory.record(ptes.frame(*entry));
  if (page.has(flag::LazyFree) && !ptes.dirty(*entry))
    zap_entry(mm, entry);
  else if (mm.kernel.profile.swap != SwapDevice::None)
    swap_out(mm, entry);
}

/// Pages of a split block that nobody stored to are given back; the zero page takes their place.
void drop_zero_pages(Mm& mm, VirtAddr block) {
  const Ptes ptes{mm};
  Entry* entry = mm.tables.find(block);
  for (std::uint32_t i = 0; i < huge_pages(mm); ++i, ++entry) {
    const FrameNumber frame = ptes.frame(*entry);
    if (mm.kernel.memory.record(frame).has(flag::Nonzero)) continue;
    *entry = ptes.zero_page(*entry);
    page_remove_rmap(mm, frame);
  }
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

/// A huge page to be paged out falls apart, and its pages are visited next. A disk takes single
/// pages: the folio is split too, and pages nobody stored to become the zero page.
void split_for_pageout(Mm& mm, VirtAddr at, Entry* pmd, VirtAddr start, VirtAddr end) {
  const Ptes ptes{mm};
  const FrameNumber head = ptes.frame(*pmd);
  const hardware::FrameRecord& page = mm.kernel.memory.record(head);
  const bool keeps = mm.kernel.profile.swap == SwapDevice::None && !page.has(flag::LazyFree);
  if (page.has(flag::HugeZero | flag::Hugetlb) || page.mapcount != 1 || keeps) return;
  const bool whole = takes_whole_block(mm, at, *pmd, 1, start, end);
  if (whole) split_huge_pmd(mm, at, *pmd);
  if (!whole || mm.kernel.profile.swap != SwapDevice::Disk) return;
  split_folio(mm.kernel, head);
  if (mm.kernel.profile.split_drops_zero_pages) drop_zero_pages(mm, at);
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
    if (page.mapcount != 1) return;
    if (page.has(flag::Anon))
      pageout_anon(mm, entry);
    else
      pageout_file(mm, vma, at, entry, pages);
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

}  // namespace pagesim::kernel
