// file_fault: absent pages of files and shared memory (spec/linux-faults section 6).
#include <utility>

#include "pagesim/kernel/anon.h"
#include "pagesim/kernel/fault.h"
#include "pagesim/kernel/fault_around.h"
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
  bool again = false;  ///< the address space was let go of meanwhile: the fault is tried again
};

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

/// A page in memory that is not uptodate is read, a hole too. The program's own fault looks at the
/// page again and is minor; the kernel's is tried again as a whole, and has waited, unless it keeps
/// the areas' lock (measured).
bool waits_for_page(const VmFault& vmf, const CachedPage& page) noexcept {
  const FaultRequest& request = vmf.request;
  return !page.uptodate && request.mode != Mode::User && !request.starts_over &&
         !request.waits_in_place;
}

/// filemap_fault: a missing page is read from the disk, a hole too. Populating starts over after
/// that wait, and then counts the page it finds as minor.
FilePage filemap_fault(VmFault& vmf, File& file, std::uint64_t index) {
  if (CachedPage* page = file.find_page(index)) {
    const FrameNumber frame = page->frame;
    const bool waits = waits_for_page(vmf, *page);
    page->uptodate = true;
    if (waits) vmf.decisions.add(Decision::Retry);
    if (waits) return {FaultResult::Major, Cause::FileRead, frame, true};
    const bool read = async_mmap_readahead(vmf.mm.kernel, vmf.vma, file, index);
    if (read) vmf.decisions.add(Decision::Retry);
    return {FaultResult::Minor, Cause::FileMap, frame, read};
  }
  if (!sync_mmap_readahead(vmf.mm, vmf.vma, file, index)) return {FaultResult::Oom};
  vmf.decisions.add(Decision::Retry);
  const bool major = !vmf.request.starts_over;
  return {major ? FaultResult::Major : FaultResult::Minor, Cause::FileRead,
          file.find_page(index)->frame, true};
}

/// ->fault: SIGBUS past the last page with bytes in it.
FilePage fault_page(VmFault& vmf) {
  vmf.decisions.add(Decision::Fault);
  File& file = *vmf.vma.file;
  const std::uint64_t index = linear_page_index(vmf.mm, vmf.vma, vmf.request.address);
  if (index >= file.size_in_pages()) return {FaultResult::Sigbus};
  return file.is_shmem() ? shmem_fault(file, index) : filemap_fault(vmf, file, index);
}

/// The file hears of the first store to a clean folio, if it wants to.
void page_mkwrite(VmFault& vmf) {
  if (vmf.vma.file->wants_write_notification()) vmf.decisions.add(Decision::PageMkwrite);
  File& file = *vmf.vma.file;
  const File::Folio folio = file.folio_of(linear_page_index(vmf.mm, vmf.vma, vmf.request.address));
  for (std::uint64_t index = folio.first; index < folio.first + folio.pages; ++index)
    if (const CachedPage* page = file.find_page(index))
      vmf.mm.kernel.memory.record(page->frame).set(flag::Dirty);
}

/// A private copy takes the place of the file's page.
void set_copy_pte(VmFault& vmf, FrameNumber frame) {
  const Ptes ptes{vmf.mm};
  const Entry entry = ptes.mkyoung(ptes.make(frame, vmf.vma));
  *vmf.pte = vmf.is_write() ? ptes.maybe_mkwrite(entry, vmf.vma) : entry;
  page_add_rmap(vmf.mm, frame);
}

FaultResult do_read_fault(VmFault& vmf) {
  vmf.decisions.add(Decision::DoReadFault);
  if (do_fault_around(vmf)) return vmf.complete(Cause::FileMap);
  const FilePage found = fault_page(vmf);
  if (is_error(found.result)) return found.result;
  // Tried again, the fault finds the pages around it in memory, and no mark on its own.
  const bool mapped = found.again && do_fault_around(vmf);
  if (!mapped && !make_pte(vmf)) return FaultResult::Oom;
  if (!mapped) finish_fault(vmf, found.frame);
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
  set_copy_pte(vmf, *copy);
  return vmf.complete(Cause::FileCow, found.result);
}

FaultResult do_shared_fault(VmFault& vmf) {
  vmf.decisions.add(Decision::DoSharedFault);
  const FilePage found = fault_page(vmf);
  if (is_error(found.result)) return found.result;
  if (!make_pte(vmf)) return FaultResult::Oom;
  page_mkwrite(vmf);
  finish_fault(vmf, found.frame);
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
  page_mkwrite(vmf);
  *vmf.pte = ptes.mkwrite(*vmf.pte);
  return vmf.complete(Cause::Mkwrite);
}

}  // namespace pagesim::kernel
