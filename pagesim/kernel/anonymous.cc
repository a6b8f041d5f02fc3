// anonymous: first touches of private memory, and writes to pages others may share.
#include <algorithm>

#include "pagesim/kernel/anon.h"
#include "pagesim/kernel/fault.h"
#include "pagesim/kernel/huge.h"
#include "pagesim/kernel/mem_cgroup.h"
#include "pagesim/kernel/pte.h"
#include "pagesim/kernel/rmap.h"

namespace pagesim::kernel {

namespace {

namespace flag = hardware::frame_flag;

/// The entry gets a fresh private frame, which `current` may write if the area lets it.
[[gnu::always_inline]] inline void set_anon_pte(VmFault& vmf, FrameNumber frame) {
  const Ptes ptes{vmf.mm};
  const Entry entry = ptes.make(frame, vmf.vma);
  *vmf.pte = vmf.is_write() ? ptes.maybe_mkwrite(entry, vmf.vma) : ptes.mkyoung(entry);
  page_add_new_anon_rmap(vmf.mm, frame);
}

/// A write to a page only this process has: the entry becomes writable again.
FaultResult wp_page_reuse(VmFault& vmf, FrameNumber frame) {
  vmf.decisions.add(Decision::WpPageReuse);
  const Ptes ptes{vmf.mm};
  hardware::FrameRecord& page = vmf.mm.kernel.memory.record(frame);
  page.set(flag::Exclusive);
  if (!vmf.request.unshare) *vmf.pte = ptes.maybe_mkwrite(*vmf.pte, vmf.vma);
  return vmf.complete(Cause::CowReuse);
}

/// Whether nobody but the faulting process refers to the page.
bool is_sole_owner(const VmFault& vmf, FrameNumber frame) {
  Kernel& kernel = vmf.mm.kernel;
  const hardware::FrameRecord& page = kernel.memory.record(frame);
  const Profile& rules = kernel.profile;
  if (page.has(flag::Ksm)) return false;  // others may be merged with it any time
  if (rules.anon_exclusive && page.has(flag::Exclusive)) return true;
  if (page.mapcount != 1) return false;
  const bool cache_counts = rules.cow_copies_unless_sole && !rules.anon_exclusive;
  if (cache_counts && page.has(flag::SwapCache)) return false;
  if (!kernel.swap.try_to_free(frame)) return false;
  if (page.order() == 0) return true;
  return rules.large_folio_reuse && is_folio_exclusive(vmf.mm, vmf.request.address, frame);
}

FaultResult copy_and_complete(VmFault& vmf, Cause cause) {
  return wp_page_copy(vmf) ? vmf.complete(cause) : FaultResult::Oom;
}

}  // namespace

/// A write to a page others have too, or to the zero page: a copy takes its place.
bool wp_page_copy(VmFault& vmf) {
  vmf.decisions.add(Decision::WpPageCopy);
  anon_vma_prepare(vmf.mm, vmf.vma);
  const auto fresh = vmf.mm.kernel.memory.allocate();
  if (!fresh) return false;
  const Ptes ptes{vmf.mm};
  const Entry old = *vmf.pte;
  if (!ptes.is_zero_page(old)) {
    vmf.mm.kernel.memory.copy_frame(*fresh, ptes.frame(old));
    page_remove_rmap(vmf.mm, ptes.frame(old));
  }
  set_anon_pte(vmf, *fresh);
  vmf.mm.flush_tlb(vmf.page_start(), vmf.page_start() + vmf.mm.page_size(), TableChange::Cow);
  return true;
}

namespace {

/// The largest folio the settings allow around the fault: aligned, within the area, on entries that
/// are all empty. 0: a single page.
unsigned anon_folio_order(const VmFault& vmf) {
  const Mm& mm = vmf.mm;
  for (unsigned order = huge_order(mm) - 1; order > 0; --order) {
    if (!is_thp_order_enabled(mm, vmf.vma, order)) continue;
    const std::size_t bytes = mm.page_size() << order;
    const VirtAddr block = vmf.request.address.align_down(bytes);
    if (block < vmf.vma.start || block + bytes > vmf.vma.end) continue;
    const Entry* first = vmf.pte - ((vmf.page_start() - block) >> mm.page_shift());
    if (std::all_of(first, first + (1u << order), [](Entry entry) { return entry == 0; }))
      return order;
  }
  return 0;
}

/// Maps a folio of several pages at once. False when there is none.
bool map_anon_folio(VmFault& vmf, unsigned order) {
  Mm& mm = vmf.mm;
  const auto head = mm.kernel.memory.allocate(order);
  if (!head) return false;
  const Ptes ptes{mm};
  const VirtAddr block = vmf.request.address.align_down(mm.page_size() << order);
  Entry* entry = vmf.pte - ((vmf.page_start() - block) >> mm.page_shift());
  for (std::uint32_t i = 0; i < 1u << order; ++i, ++entry) {
    const FrameNumber frame{static_cast<std::uint32_t>(*head) + i};
    mm.kernel.memory.record(frame).set(flag::Anon | flag::Exclusive);
    *entry = ptes.maybe_mkwrite(ptes.make(frame, vmf.vma), vmf.vma);
    page_add_rmap(mm, frame);
  }
  return true;
}

/// A zeroed page of its own for an area that is prepared for one.
[[gnu::always_inline]] inline FaultResult map_anon_page(VmFault& vmf) {
  const auto frame = vmf.mm.kernel.memory.allocate();
  if (!frame) return FaultResult::Oom;
  set_anon_pte(vmf, *frame);
  return vmf.complete(Cause::FirstWrite);
}

}  // namespace

namespace {

/// Without a zero page a read gets a zeroed page of its own, which later stores find writable.
FaultResult read_own_page(VmFault& vmf) {
  anon_vma_prepare(vmf.mm, vmf.vma);
  const auto frame = vmf.mm.kernel.memory.allocate();
  if (!frame) return FaultResult::Oom;
  set_anon_pte(vmf, *frame);
  if (vmf.vma.is_writable()) *vmf.pte = Ptes{vmf.mm}.mkwrite(*vmf.pte);
  return vmf.complete(Cause::ZeroRead);
}

}  // namespace

FaultResult do_anonymous_page(VmFault& vmf) {
  vmf.decisions.add(Decision::DoAnonymousPage);
  if (!vmf.is_write()) {
    if (!vmf.mm.kernel.profile.zero_page) return read_own_page(vmf);
    const Ptes ptes{vmf.mm};
    *vmf.pte = ptes.zero_page(ptes.make(hardware::kZeroFrame, vmf.vma));
    return vmf.complete(Cause::ZeroRead);
  }
  anon_vma_prepare(vmf.mm, vmf.vma);
  const unsigned order = vmf.mm.kernel.profile.has_mthp() ? anon_folio_order(vmf) : 0;
  if (order != 0 && map_anon_folio(vmf, order)) return vmf.complete(Cause::FirstWrite);
  return map_anon_page(vmf);
}

namespace {

/// What do_user_addr_fault comes by on its way to map_anon_page.
constexpr Decisions kFirstWrite = {Decision::FindVma, Decision::HandleMmFault,
                                   Decision::HandlePteFault, Decision::DoAnonymousPage};

}  // namespace

std::size_t do_first_writes(Mm& mm, const Current& current, FaultRequest request,
                            std::size_t pages) {
  const VirtAddr at = request.address;
  Entry* entry = mm.tables.find_in_last(at);
  if (entry == nullptr || at >= mm.limits.task_size || mm.kernel.profile.has_mthp()) return 0;
  if (mm.kernel.mem_cgroup) return 0;  // each is charged by itself
  Vma* vma = mm.find_vma(at);
  if (vma == nullptr || !vma->contains(at) || !vma->is_anonymous() || !vma->is_writable()) return 0;
  const VirtAddr end = std::min(vma->end, at.align_down(mm.tables.span(1)) + mm.tables.span(1));
  pages = std::min(pages, (end - at.align_down(mm.page_size())) >> mm.page_shift());
  anon_vma_prepare(mm, *vma);
  VmFault vmf{mm, *vma, current, request, false, entry, kFirstWrite};
  std::size_t done = 0;
  for (; done < pages && *vmf.pte == 0; ++done, ++vmf.pte) {
    if (map_anon_page(vmf) != FaultResult::Minor) break;
    request.address += mm.page_size();
  }
  return done;
}

FaultResult do_wp_page(VmFault& vmf) {
  vmf.decisions.add(Decision::DoWpPage);
  if (vmf.vma.is_shared()) return wp_page_shared(vmf);
  const Ptes ptes{vmf.mm};
  if (ptes.is_zero_page(*vmf.pte)) return copy_and_complete(vmf, Cause::ZeroUpgrade);
  const FrameNumber frame = ptes.frame(*vmf.pte);
  if (!vmf.mm.kernel.memory.record(frame).has(flag::Anon))
    return copy_and_complete(vmf, Cause::FileCow);
  if (is_sole_owner(vmf, frame)) return wp_page_reuse(vmf, frame);
  return copy_and_complete(vmf, Cause::CowCopy);
}

}  // namespace pagesim::kernel
