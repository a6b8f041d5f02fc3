// fault_around: the window around a fault, and folios mapped whole (spec/linux-faults section 6).
#include "pagesim/kernel/fault_around.h"

#include <algorithm>
#include <bit>

#include "pagesim/kernel/arch.h"
#include "pagesim/kernel/pte.h"
#include "pagesim/kernel/rmap.h"

namespace pagesim::kernel {

namespace {

/// The pages around a read fault that are mapped with it: aligned on the virtual address, clipped
/// to the area and to the page table, at full length from where it starts.
struct AroundWindow {
  VirtAddr start;
  VirtAddr end;
};

AroundWindow around_window(const VmFault& vmf) {
  const Mm& mm = vmf.mm;
  const unsigned shift = mm.page_shift();
  const std::uint64_t count =
      std::bit_floor(std::max<std::uint64_t>(1, mm.kernel.profile.fault_around_bytes >> shift));
  const std::uint64_t entries = mm.tables.geometry().entries(0);
  const std::uint64_t at = mm.tables.index(vmf.request.address, 0);
  const std::uint64_t in_area = (vmf.page_start() - vmf.vma.start) >> shift;
  const std::uint64_t to_end = (vmf.vma.end - vmf.page_start()) >> shift;
  const std::uint64_t from = std::max(at & ~(count - 1), at - std::min(at, in_area));
  const std::uint64_t to = std::min({from + count, entries, at + to_end});
  return {vmf.page_start() - ((at - from) << shift), vmf.page_start() + ((to - at) << shift)};
}

/// Whether mapping around a fault may take this page along.
bool is_mappable(File& file, std::uint64_t index) {
  const CachedPage* page = file.find_page(index);
  return page != nullptr && !page->swap_cached && page->uptodate && index < file.size_in_pages() &&
         !file.has_readahead_mark(index);
}

/// Whether a folio lies within the area and, mapped there, within the faulting page's table.
bool fits(const VmFault& vmf, const File::Folio& folio) {
  const Mm& mm = vmf.mm;
  const Vma& vma = vmf.vma;
  const std::uint64_t area_pages = vma.length() >> mm.page_shift();
  if (folio.first < vma.pgoff || folio.first + folio.pages > vma.pgoff + area_pages) return false;
  const VirtAddr start = vma.start + ((folio.first - vma.pgoff) << mm.page_shift());
  const std::uint64_t span = mm.tables.span(1);
  const VirtAddr table = vmf.request.address.align_down(span);
  return start >= table && start + (folio.pages << mm.page_shift()) <= table + span;
}

/// A folio that ends where the file does is not taken whole: the test asks for a page beyond it.
bool ends_before_file(const File& file, const File::Folio& folio) {
  return file.is_shmem() || folio.first + folio.pages < file.size_in_pages();
}

/// Maps pages of the file that are in memory where no entry is yet.
void map_pages(VmFault& vmf, std::uint64_t first, std::uint64_t last) {
  Mm& mm = vmf.mm;
  const Ptes ptes{mm};
  File& file = *vmf.vma.file;
  const bool old = wants_old_prefaulted_pte(mm);
  for (std::uint64_t index = first; index <= last; ++index) {
    const VirtAddr at = vmf.vma.start + ((index - vmf.vma.pgoff) << mm.page_shift());
    Entry* entry = mm.tables.find(at);
    const CachedPage* page = file.find_page(index);
    if (page == nullptr || *entry != 0) continue;
    *entry = ptes.make(page->frame, vmf.vma);
    if (old && at != vmf.page_start()) *entry = ptes.mkold(*entry);
    page_add_rmap(mm, page->frame);
  }
}

/// Whether the folio's entries, around the faulting page's, are all empty.
bool are_empty(const Entry* first, std::uint64_t count) {
  return std::all_of(first, first + count, [](Entry entry) { return entry == 0; });
}

}  // namespace

std::uint64_t linear_page_index(const Mm& mm, const Vma& vma, VirtAddr at) {
  return vma.pgoff + ((at - vma.start) >> mm.page_shift());
}

bool make_pte(VmFault& vmf) {
  if (vmf.pte == nullptr) vmf.pte = vmf.mm.tables.find_or_make(vmf.request.address);
  return vmf.pte != nullptr;
}

bool do_fault_around(VmFault& vmf) {
  Mm& mm = vmf.mm;
  if (!mm.kernel.profile.fault_around) return false;
  if (mm.kernel.profile.fault_around_bytes >> mm.page_shift() <= 1) return false;
  vmf.decisions.add(Decision::MapPages);
  File& file = *vmf.vma.file;
  const AroundWindow window = around_window(vmf);
  const std::uint64_t first = linear_page_index(mm, vmf.vma, window.start);
  const std::uint64_t end = first + ((window.end - window.start) >> mm.page_shift());
  for (std::uint64_t index = first; index < end; ++index) {
    if (!is_mappable(file, index)) continue;
    const File::Folio folio = file.folio_of(index);
    const bool inside = ends_before_file(file, folio);
    if (vmf.pte == nullptr && !inside && mm.kernel.profile.last_folio_needs_table) return false;
    if (!make_pte(vmf)) return false;  // only now: without a page no table is made
    if (inside && mm.kernel.profile.maps_whole_folios && fits(vmf, folio)) {
      map_pages(vmf, folio.first, folio.first + folio.pages - 1);
      index = folio.first + folio.pages - 1;
    } else {
      map_pages(vmf, index, index);
    }
  }
  return vmf.pte != nullptr && *vmf.pte != 0;
}

void finish_fault(VmFault& vmf, FrameNumber frame) {
  Mm& mm = vmf.mm;
  const Ptes ptes{mm};
  File& file = *vmf.vma.file;
  const std::uint64_t index = linear_page_index(mm, vmf.vma, vmf.request.address);
  File::Folio folio = file.folio_of(index);
  const bool whole = mm.kernel.profile.maps_whole_folios && fits(vmf, folio) &&
                     (file.is_shmem() || folio.first + folio.pages <= file.size_in_pages()) &&
                     are_empty(vmf.pte - (index - folio.first), folio.pages);
  if (!whole) folio = {index, 1};
  Entry* entry = vmf.pte - (index - folio.first);
  const auto head = static_cast<std::uint32_t>(frame) - (index - folio.first);
  for (std::uint64_t i = 0; i < folio.pages; ++i, ++entry) {
    const FrameNumber page{static_cast<std::uint32_t>(head + i)};
    const Entry young = ptes.mkyoung(ptes.make(page, vmf.vma));
    *entry = vmf.is_write() ? ptes.mkwrite(young) : young;
    page_add_rmap(mm, page);
  }
}

}  // namespace pagesim::kernel
