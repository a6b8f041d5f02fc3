// page_cache: unmapping, writing back, dropping.
#include "pagesim/kernel/page_cache.h"

#include <algorithm>

#include "pagesim/kernel/mm.h"
#include "pagesim/kernel/pte.h"
#include "pagesim/kernel/zap.h"

namespace pagesim::kernel {

namespace {

namespace flag = hardware::frame_flag;

/// Calls visit(Mm&, Vma, start, end) for each part of an address space that maps pages of a range.
template <class Visit>
void for_each_mapping(const Kernel& kernel, const File& file, PageRange range, Visit&& visit) {
  for (Mm* mm : kernel.address_spaces) {
    for (const Vma& vma : mm->areas()) {
      if (vma.file.get() != &file) continue;
      const std::uint64_t pages = vma.length() >> mm->page_shift();
      if (range.last < vma.pgoff || range.first >= vma.pgoff + pages) continue;
      const std::uint64_t from = std::max(range.first, vma.pgoff) - vma.pgoff;
      const std::uint64_t to = std::min(range.last - vma.pgoff, pages - 1) + 1;
      const VirtAddr start = vma.start;
      visit(*mm, vma, start + (from << mm->page_shift()), start + (to << mm->page_shift()));
    }
  }
}

/// The page an index stands for is clean in this address space from now on.
void write_protect(Mm& mm, VirtAddr start, VirtAddr end) {
  const Ptes ptes{mm};
  mm.tables.visit(start, end, [&](VirtAddr, Entry* entry, unsigned) {
    if (ptes.mapped(*entry)) *entry = ptes.mkclean(ptes.wrprotect(*entry));
  });
  mm.flush_tlb(start, end, TableChange::Writeback);
}

/// A folio leaves memory as a whole: when all of it is meant and no page of it is mapped.
bool can_drop(const Kernel& kernel, File& file, std::uint64_t index, PageRange range) {
  const File::Folio folio = file.folio_of(index);
  if (folio.first < range.first || folio.first + folio.pages - 1 > range.last) return false;
  for (std::uint64_t i = folio.first; i < folio.first + folio.pages; ++i) {
    const CachedPage* page = file.find_page(i);
    if (page != nullptr && kernel.memory.record(page->frame).mapcount != 0) return false;
  }
  return true;
}

}  // namespace

void unmap_mapping_range(Kernel& kernel, const File& file, PageRange range, bool even_cows) {
  for_each_mapping(kernel, file, range, [&](Mm& mm, const Vma&, VirtAddr start, VirtAddr end) {
    const Ptes ptes{mm};
    mm.tables.visit(start, end, [&](VirtAddr, Entry* entry, unsigned) {
      if (ptes.kind(*entry) == NonPresent::Guard) return;
      const bool cow =
          !ptes.mapped(*entry) || kernel.memory.record(ptes.frame(*entry)).has(flag::Anon);
      if (even_cows || !cow) zap_entry(mm, entry);
    });
    mm.flush_tlb(start, end, TableChange::Truncate);
  });
}

void split_file_folio(Kernel& kernel, File& file, std::uint64_t index) {
  const File::Folio folio = file.folio_of(index);
  if (folio.pages == 1) return;
  unmap_mapping_range(kernel, file, {folio.first, folio.first + folio.pages - 1}, false);
  file.split_folio(index);
}

void writeback(Kernel& kernel, File& file, PageRange range) {
  if (!file.wants_write_notification()) return;
  for (const std::uint64_t index : file.cached_pages(range.first, range.last)) {
    hardware::FrameRecord& page = kernel.memory.record(file.find_page(index)->frame);
    if (!page.has(flag::Dirty)) continue;
    page.clear(flag::Dirty);
    for_each_mapping(kernel, file, {index, index},
                     [](Mm& mm, const Vma& vma, VirtAddr start, VirtAddr end) {
                       if (vma.is_shared()) write_protect(mm, start, end);
                     });
  }
}

void evict(Kernel& kernel, File& file, PageRange range) {
  if (file.is_shmem()) return;
  writeback(kernel, file);  // who evicts has called fsync
  for (const std::uint64_t index : file.cached_pages(range.first, range.last))
    if (can_drop(kernel, file, index, range)) file.remove_page(index, true);
}

void truncate(Kernel& kernel, File& file, std::uint64_t bytes) {
  if (bytes < file.bytes()) split_file_folio(kernel, file, file.page_of(bytes));
  if (bytes <= file.bytes()) file.clear_behind(bytes);
  file.set_bytes(bytes);
  const PageRange gone{file.size_in_pages()};
  unmap_mapping_range(kernel, file, gone, true);
  for (const std::uint64_t index : file.cached_pages(gone.first, gone.last))
    file.remove_page(index, false);
}

void punch_hole(Kernel& kernel, File& file, PageRange range) {
  unmap_mapping_range(kernel, file, range, false);
  for (const std::uint64_t edge : {range.first, range.last}) {
    const File::Folio folio = file.folio_of(edge);
    const bool whole = folio.first >= range.first && folio.first + folio.pages - 1 <= range.last;
    if (!whole) split_file_folio(kernel, file, edge);
  }
  for (const std::uint64_t index : file.cached_pages(range.first, range.last))
    file.remove_page(index, false);
  file.forget_disk(range.first, range.last);
}

}  // namespace pagesim::kernel
