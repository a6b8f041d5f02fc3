// swap_fault: entries of pages that are not in memory, or not mapped (spec/linux-faults section 8).
#include "pagesim/kernel/anon.h"
#include "pagesim/kernel/fault.h"
#include "pagesim/kernel/pte.h"
#include "pagesim/kernel/rmap.h"
#include "pagesim/kernel/swap.h"
#include "pagesim/kernel/swap_readahead.h"

namespace pagesim::kernel {

namespace {

namespace flag = hardware::frame_flag;

/// ksm_might_need_to_copy: a merged page was read for another place already: this one's is a copy,
/// which the swap cache knows nothing of.
FaultResult copy_merged_page(VmFault& vmf, SwapSlot slot, FrameNumber& frame) {
  const Kernel& kernel = vmf.mm.kernel;
  if (!kernel.swap.is_merged(slot) || kernel.memory.record(frame).mapcount == 0)
    return FaultResult::Minor;
  const auto copy = alloc_anon_page(vmf.mm);
  if (!copy) return FaultResult::Oom;
  vmf.mm.kernel.memory.copy_frame(*copy, frame);
  frame = *copy;
  return FaultResult::Minor;
}

struct SwappedPage {
  FaultResult result = FaultResult::Minor;
  Cause cause = Cause::SwapCache;
  FrameNumber frame{};
};

/// The page of a slot in memory. A device that reads at once brings a page only one entry names
/// straight to it, past the swap cache.
SwappedPage swap_in(VmFault& vmf, SwapSlot slot) {
  Kernel& kernel = vmf.mm.kernel;
  if (const auto cached = kernel.swap.cached(slot)) {
    note_swap_hit(vmf, slot);
    return {FaultResult::Minor, Cause::SwapCache, *cached};
  }
  if (kernel.profile.swap == SwapDevice::Zram && kernel.swap.count(slot) == 1) {
    const auto frame = alloc_anon_page(vmf.mm);
    if (!frame) return {FaultResult::Oom};
    kernel.swap.read(slot, *frame);
    return {FaultResult::Major, Cause::SwapIn, *frame};
  }
  if (!swapin_readahead(vmf, slot)) return {FaultResult::Oom};
  return {FaultResult::Major, Cause::SwapIn, *kernel.swap.cached(slot)};
}

/// Whether the faulting process is the page's only owner. A write asks harder: a page whose last
/// entry this was leaves the swap cache.
bool is_exclusive(VmFault& vmf, FrameNumber frame, bool entry_was_exclusive) {
  Kernel& kernel = vmf.mm.kernel;
  const bool in_cache = kernel.memory.record(frame).has(flag::SwapCache);
  const bool out = vmf.is_write() ? kernel.swap.try_to_free(frame) : !in_cache;
  return entry_was_exclusive || (out && kernel.memory.record(frame).mapcount == 1);
}

void set_swapped_pte(VmFault& vmf, FrameNumber frame, bool exclusive) {
  const Ptes ptes{vmf.mm};
  hardware::FrameRecord& page = vmf.mm.kernel.memory.record(frame);
  Entry entry = ptes.mkyoung(ptes.make(frame, vmf.vma));
  if (exclusive) {
    page.set(flag::Exclusive);
    const bool asks = vmf.is_write() || vmf.mm.kernel.profile.swap_in_maps_writable;
    if (asks && vmf.vma.is_writable()) entry = ptes.allow_write(entry);
    if (vmf.is_write()) entry = ptes.maybe_mkwrite(entry, vmf.vma);
  } else {
    page.clear(flag::Exclusive);
  }
  *vmf.pte = entry;
}

}  // namespace

FaultResult do_swap_page(VmFault& vmf) {
  vmf.decisions.add(Decision::DoSwapPage);
  const Ptes ptes{vmf.mm};
  const Entry old = *vmf.pte;
  if (ptes.kind(old) == NonPresent::Guard) return FaultResult::Sigsegv;
  const SwapSlot slot = ptes.swap_slot(old);
  SwappedPage in = swap_in(vmf, slot);
  if (is_error(in.result)) return in.result;
  if (is_error(copy_merged_page(vmf, slot, in.frame))) return FaultResult::Oom;
  page_add_rmap(vmf.mm, in.frame);
  vmf.mm.count(RssKind::Swap, -1);
  vmf.mm.kernel.swap.release(slot);
  const bool was_exclusive =
      vmf.mm.kernel.profile.anon_exclusive && (old & nonpresent::kExclusive) != 0;
  const bool exclusive = is_exclusive(vmf, in.frame, was_exclusive);
  set_swapped_pte(vmf, in.frame, exclusive);
  if (vmf.is_write() && !exclusive) {
    vmf.decisions.add(Decision::DoWpPage);
    if (!wp_page_copy(vmf)) return FaultResult::Oom;
  }
  return vmf.complete(in.cause, in.result);
}

}  // namespace pagesim::kernel
