// file_fault: absent pages of files and shared memory (spec/linux-faults section 6).
#include <algorithm>
#include <bit>
#include <utility>

#include "pagesim/kernel/anon.h"
#include "pagesim/kernel/arch.h"
#include "pagesim/kernel/fault.h"
#include "pagesim/kernel/file.h"
#include "pagesim/kernel/pte.h"
#include "pagesim/kernel/readahead.h"
#include "pagesim/kernel/rmap.h"

namespace pagesim::kernel {

namespace {

namespace flag = hardware::frame_flag;

/// The file's page behind a fault, and what it took to have it.
struct FilePage {
  FaultResult result = FaultResult::Minor;
  Cause cause = Cause::FileMap;
  FrameNumber frame{};
};

std::uint64_t linear_page_index(const Mm& mm, const Vma& vma, VirtAddr at) {
  return vma.pgoff + ((at - vma.start) >> mm.page_shift());
}

/// shmem_fault: a missing page is made, zeroed, at once; there is nothing to read.
FilePage shmem_fault(File& file, std::uint64_t index) {
  if (CachedPage* page = file.find_page(index)) {
    const bool cached = std::exchange(page->swap_cached, false);
    return {FaultResult::Minor, cached ? Cause::SwapCache : Cause::FileMap, page->frame};
  }
  const bool swapped = file.is_swapped(index);
  const CachedPage* page = file.add_page(index);
  if (page == nullptr) return {FaultResult::Oom};
  if (swapped) return {FaultResult::Major, Cause::SwapIn, page->frame};
  return {FaultResult::Minor, Cause::ShmemNew, page->frame};
}

/// filemap_fault: a missing page is read from the disk, a hole too. get_user_pages starts over
/// after that wait, and then counts the page it finds as minor.
FilePage filemap_fault(VmFault& vmf, File& file, std::uint64_t index) {
  if (const CachedPage* page = file.find_page(index)) {
    async_mmap_readahead(vmf.mm.kernel, vmf.vma, file, index);
    return {FaultResult::Minor, Cause::FileMap, page->frame};
  }
  if (!sync_mmap_readahead(vmf.mm.kernel, vmf.vma, file, index)) return {FaultResult::Oom};
  vmf.decisions.add(Decision::Retry);
  const bool major = vmf.request.mode != Mode::Gup;
  return {major ? FaultResult::Major : FaultResult::Minor, Cause::FileRead,
          file.find_page(index)->frame};
}

/// ->fault: SIGBUS past the last page with bytes in it.
FilePage fault_page(VmFault& vmf) {
  vmf.decisions.add(Decision::Fault);
  File& file = *vmf.vma.file;
  const std::uint64_t index = linear_page_index(vmf.mm, vmf.vma, vmf.request.address);
  if (index >= file.size_in_pages()) return {FaultResult::Sigbus};
  return file.is_shmem() ? shmem_fault(file, index) : filemap_fault(vmf, file, index);
}

/// The file hears of the first store to a clean page, if it wants to.
void page_mkwrite(VmFault& vmf, FrameNumber frame) {
  if (vmf.vma.file->wants_write_notification()) vmf.decisions.add(Decision::PageMkwrite);
  vmf.mm.kernel.memory.record(frame).set(flag::Dirty);
}

/// The entry of the faulting page, its table made if need be.
bool make_pte(VmFault& vmf) {
  if (vmf.pte == nullptr) vmf.pte = vmf.mm.tables.find_or_make(vmf.request.address);
  return vmf.pte != nullptr;
}

void set_file_pte(VmFault& vmf, FrameNumber frame) {
  const Ptes ptes{vmf.mm};
  const Entry entry = ptes.mkyoung(ptes.make(frame, vmf.vma));
  *vmf.pte = vmf.is_write() ? ptes.mkwrite(entry) : entry;
  page_add_rmap(vmf.mm, frame);
}

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
  return page != nullptr && !page->readahead_mark && !page->swap_cached &&
         index < file.size_in_pages();
}

/// filemap_map_pages: maps what is in memory around the fault and not mapped yet, except the page
/// that carries the read-ahead mark. Whether the faulting page was among it.
bool do_fault_around(VmFault& vmf) {
  Mm& mm = vmf.mm;
  if (mm.kernel.profile.fault_around_bytes >> mm.page_shift() <= 1) return false;
  vmf.decisions.add(Decision::MapPages);
  const Ptes ptes{mm};
  File& file = *vmf.vma.file;
  const AroundWindow window = around_window(vmf);
  const bool old = wants_old_prefaulted_pte(mm);
  std::uint64_t index = linear_page_index(mm, vmf.vma, window.start);
  for (VirtAddr at = window.start; at < window.end; at += mm.page_size(), ++index) {
    if (!is_mappable(file, index)) continue;
    if (!make_pte(vmf)) return false;  // only now: without a page no table is made
    Entry* entry = mm.tables.find(at);
    if (*entry != 0) continue;
    const FrameNumber frame = file.find_page(index)->frame;
    *entry = ptes.make(frame, vmf.vma);
    if (old && at != vmf.page_start()) *entry = ptes.mkold(*entry);
    page_add_rmap(mm, frame);
  }
  return vmf.pte != nullptr && *vmf.pte != 0;
}

FaultResult do_read_fault(VmFault& vmf) {
  vmf.decisions.add(Decision::DoReadFault);
  if (do_fault_around(vmf)) return vmf.complete(Cause::FileMap);
  const FilePage found = fault_page(vmf);
  if (is_error(found.result)) return found.result;
  if (!make_pte(vmf)) return FaultResult::Oom;
  // After a read from disk the fault is tried again, and finds the pages around it in memory too.
  const bool mapped = found.cause == Cause::FileRead && do_fault_around(vmf);
  if (!mapped) set_file_pte(vmf, found.frame);
  return vmf.complete(found.cause, found.result);
}

FaultResult do_cow_fault(VmFault& vmf) {
  vmf.decisions.add(Decision::DoCowFault);
  anon_vma_prepare(vmf.mm, vmf.vma);
  const FilePage found = fault_page(vmf);
  if (is_error(found.result)) return found.result;
  const auto copy = alloc_anon_page(vmf.mm);
  if (!copy || !make_pte(vmf)) return FaultResult::Oom;
  vmf.mm.kernel.memory.copy_frame(*copy, found.frame);
  set_file_pte(vmf, *copy);
  return vmf.complete(Cause::FileCow, found.result);
}

FaultResult do_shared_fault(VmFault& vmf) {
  vmf.decisions.add(Decision::DoSharedFault);
  const FilePage found = fault_page(vmf);
  if (is_error(found.result)) return found.result;
  if (!make_pte(vmf)) return FaultResult::Oom;
  page_mkwrite(vmf, found.frame);
  set_file_pte(vmf, found.frame);
  return vmf.complete(found.cause, found.result);
}

}  // namespace

FaultResult do_fault(VmFault& vmf) {
  vmf.decisions.add(Decision::DoFault);
  if (!vmf.is_write()) return do_read_fault(vmf);
  return vmf.vma.is_shared() ? do_shared_fault(vmf) : do_cow_fault(vmf);
}

FaultResult wp_page_shared(VmFault& vmf) {
  const Ptes ptes{vmf.mm};
  page_mkwrite(vmf, ptes.frame(*vmf.pte));
  *vmf.pte = ptes.mkwrite(*vmf.pte);
  return vmf.complete(Cause::Mkwrite);
}

}  // namespace pagesim::kernel
