// huge: faults on blocks one entry maps.
#include "pagesim/kernel/huge.h"

#include <sys/mman.h>

#include "pagesim/kernel/anon.h"
#include "pagesim/kernel/numa.h"
#include "pagesim/kernel/pte.h"
#include "pagesim/kernel/rmap.h"

namespace pagesim::kernel {

namespace {

namespace flag = hardware::frame_flag;

/// A huge page of its own for this block, mapped for writing. False without frames.
bool map_fresh_block(VmFault& vmf, Entry& pmd) {
  Mm& mm = vmf.mm;
  const auto head = mm.kernel.memory.allocate(huge_order(mm));
  if (!head) return false;
  mark_block(mm, *head, flag::Anon | flag::Exclusive, true);
  const Ptes ptes{mm};
  const Entry entry = ptes.mkyoung(ptes.mkhuge(ptes.make(*head, vmf.vma)));
  pmd = vmf.vma.is_writable() ? ptes.mkwrite(entry) : entry;
  add_block_rmap(mm, *head);
  return true;
}

/// The huge zero page, made when first needed and kept.
std::optional<FrameNumber> huge_zero_page(Mm& mm) {
  Kernel& kernel = mm.kernel;
  if (!kernel.huge_zero) {
    kernel.huge_zero = kernel.memory.allocate(huge_order(mm));
    if (kernel.huge_zero) mark_block(mm, *kernel.huge_zero, flag::HugeZero, true);
  }
  return kernel.huge_zero;
}

}  // namespace

bool is_thp_order_enabled(const Mm& mm, const Vma& vma, unsigned order) noexcept {
  const Profile& profile = mm.kernel.profile;
  if (!vma.is_anonymous() || vma.is_shared() || vma.has(vm_flag::NoHugepage)) return false;
  if (!profile.transparent_huge_pages || (order != huge_order(mm) && !profile.mthp)) return false;
  ThpMode mode = order == huge_order(mm) ? profile.huge_enabled : profile.mthp_enabled[order];
  if (mode == ThpMode::Inherit) mode = profile.thp_enabled;
  return mode == ThpMode::Always || (mode == ThpMode::Madvise && vma.has(vm_flag::Hugepage));
}

bool is_huge_eligible(const Mm& mm, const Vma& vma, VirtAddr at) noexcept {
  if (!is_thp_order_enabled(mm, vma, huge_order(mm))) return false;
  const VirtAddr block = at.align_down(mm.tables.span(1));
  return vma.start <= block && block + mm.tables.span(1) <= vma.end;
}

FaultResult do_huge_pmd_anonymous_page(VmFault& vmf, Entry& pmd) {
  vmf.decisions.add(Decision::DoHugePmdAnonymousPage);
  Mm& mm = vmf.mm;
  anon_vma_prepare(mm, vmf.vma);
  if (!mm.tables.deposit()) return FaultResult::Fallback;
  const Profile& profile = mm.kernel.profile;
  const bool own = vmf.is_write() || !profile.use_huge_zero_page || !profile.huge_zero_page;
  if (own && map_fresh_block(vmf, pmd)) return vmf.complete(Cause::HugeFirstWrite);
  const auto zero = own ? std::nullopt : huge_zero_page(mm);
  if (!zero) {
    mm.tables.withdraw();
    return FaultResult::Fallback;
  }
  const Ptes ptes{mm};
  pmd = ptes.mkhuge(ptes.mkspecial(ptes.mkyoung(ptes.wrprotect(ptes.make(*zero, vmf.vma)))));
  return vmf.complete(Cause::HugeZeroRead);
}

FaultResult huge_pmd_fault(VmFault& vmf, Entry& pmd) {
  Mm& mm = vmf.mm;
  const Ptes ptes{mm};
  if (is_numa_hint(vmf, pmd)) return do_numa_page(vmf, pmd);
  if (!vmf.wants_write() || ptes.writable(pmd)) {
    pmd = ptes.mkyoung(vmf.is_write() ? ptes.mkdirty(pmd) : pmd);
    return vmf.complete(Cause::Spurious);
  }
  vmf.decisions.add(Decision::DoHugePmdWpPage);
  const FrameNumber head = ptes.frame(pmd);
  const hardware::FrameRecord& page = mm.kernel.memory.record(head);
  const VirtAddr block = vmf.request.address.align_down(mm.tables.span(1));
  if (page.has(flag::HugeZero)) {
    if (!map_fresh_block(vmf, pmd)) return FaultResult::Oom;
    mm.flush_tlb(block, block + mm.tables.span(1), TableChange::Cow, 1);
    return vmf.complete(Cause::ZeroUpgrade);
  }
  if (page.has(flag::Exclusive) || is_folio_exclusive(mm, block, head)) {
    mark_block(mm, head, flag::Exclusive, true);
    if (!vmf.request.unshare) pmd = ptes.maybe_mkwrite(pmd, vmf.vma);
    return vmf.complete(Cause::CowReuse);
  }
  vmf.decisions.add(Decision::SplitHugePmd);
  split_huge_pmd(mm, block, pmd);
  vmf.pte = mm.tables.find(vmf.request.address);
  return wp_page_copy(vmf) ? vmf.complete(Cause::CowCopy) : FaultResult::Oom;
}

}  // namespace pagesim::kernel
