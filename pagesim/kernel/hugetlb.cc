// hugetlb: faults and the pool.
#include "pagesim/kernel/hugetlb.h"

#include <optional>

#include "pagesim/kernel/anon.h"
#include "pagesim/kernel/huge.h"
#include "pagesim/kernel/pte.h"

namespace pagesim::kernel {

namespace {

namespace flag = hardware::frame_flag;

std::optional<FrameNumber> take_from_pool(Mm& mm) {
  Kernel& kernel = mm.kernel;
  if (kernel.hugetlb_in_use >= kernel.profile.nr_hugepages) return std::nullopt;
  const auto head = kernel.memory.allocate(huge_order(mm));
  if (!head) return std::nullopt;
  ++kernel.hugetlb_in_use;
  mark_block(mm, *head, flag::Anon | flag::Hugetlb, true);
  kernel.memory.record(*head).set(flag::Exclusive);
  kernel.memory.record(*head).mapcount = 1;
  return head;
}

void set_huge_pte(VmFault& vmf, Entry& pmd, FrameNumber head) {
  const Ptes ptes{vmf.mm};
  const Entry entry = ptes.mkyoung(ptes.mkhuge(ptes.make(head, vmf.vma)));
  pmd = vmf.is_write() ? ptes.mkwrite(entry) : entry;
}

/// A write to a huge page others have too: a copy takes its place here.
FaultResult hugetlb_cow(VmFault& vmf, Entry& pmd, FrameNumber old) {
  Mm& mm = vmf.mm;
  const auto copy = take_from_pool(mm);
  if (!copy) return FaultResult::Sigbus;
  for (std::uint32_t i = 0; i < huge_pages(mm); ++i)
    mm.kernel.memory.copy_frame(FrameNumber{static_cast<std::uint32_t>(*copy) + i},
                                FrameNumber{static_cast<std::uint32_t>(old) + i});
  hugetlb_remove_rmap(mm, old);
  set_huge_pte(vmf, pmd, *copy);
  const VirtAddr block = vmf.request.address.align_down(mm.tables.span(1));
  mm.flush_tlb(block, block + mm.tables.span(1), TableChange::Cow, 1);
  return vmf.complete(Cause::Hugetlb);
}

}  // namespace

FaultResult hugetlb_fault(VmFault& vmf) {
  vmf.decisions.add(Decision::HugetlbFault);
  Mm& mm = vmf.mm;
  const Ptes ptes{mm};
  Entry* pmd = mm.tables.find_or_make(vmf.request.address, 1);
  if (pmd == nullptr) return FaultResult::Oom;
  if (*pmd == 0) {
    anon_vma_prepare(mm, vmf.vma);
    const auto head = take_from_pool(mm);
    if (!head) return FaultResult::Sigbus;
    set_huge_pte(vmf, *pmd, *head);
    return vmf.complete(Cause::Hugetlb);
  }
  if (!vmf.is_write() || ptes.writable(*pmd)) {
    *pmd = ptes.mkyoung(vmf.is_write() ? ptes.mkdirty(*pmd) : *pmd);
    return vmf.complete(Cause::Spurious);
  }
  const FrameNumber head = ptes.frame(*pmd);
  hardware::FrameRecord& page = mm.kernel.memory.record(head);
  if (!page.has(flag::Exclusive) && page.mapcount > 1) return hugetlb_cow(vmf, *pmd, head);
  page.set(flag::Exclusive);
  *pmd = ptes.mkwrite(*pmd);
  return vmf.complete(Cause::Hugetlb);
}

bool hugetlb_has_room(const Mm& mm, std::size_t bytes) noexcept {
  const std::size_t pages = bytes >> (mm.page_shift() + huge_order(mm));
  return mm.kernel.hugetlb_in_use + pages <= mm.kernel.profile.nr_hugepages;
}

void hugetlb_remove_rmap(Mm& mm, FrameNumber head) {
  hardware::FrameRecord& page = mm.kernel.memory.record(head);
  if (--page.mapcount != 0) return;
  mm.kernel.memory.free_folio(head, huge_order(mm));
  --mm.kernel.hugetlb_in_use;
}

}  // namespace pagesim::kernel
