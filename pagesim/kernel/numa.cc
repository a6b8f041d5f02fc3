// numa: taking access away for one fault, and giving it back.
#include "pagesim/kernel/numa.h"

#include <sys/mman.h>

#include "pagesim/kernel/file.h"
#include "pagesim/kernel/mprotect.h"
#include "pagesim/kernel/pte.h"

namespace pagesim::kernel {

namespace {

namespace flag = hardware::frame_flag;

/// Whether the scan looks at an area. What it passes by was measured on 6.18.
bool is_scanned(const Vma& vma) {
  if (vma.prot == PROT_NONE || vma.has(vm_flag::Hugetlb)) return false;
  return !vma.file || (!vma.file->is_shmem() && vma.prot != PROT_READ);
}

/// And at a page of it: not one private to several, nor one of a file that waits to be written.
bool is_hinted(const Vma& vma, const hardware::FrameRecord& page) {
  if (page.has(flag::HugeZero | flag::Ksm)) return false;
  if (!vma.is_shared() && page.mapcount > 1) return false;
  return page.has(flag::Anon) || !page.has(flag::Dirty);
}

}  // namespace

bool is_numa_hint(const VmFault& vmf, Entry entry) noexcept {
  return vmf.vma.prot != PROT_NONE && !vmf.mm.tables.format().present.in(entry);
}

void change_prot_numa(Mm& mm, VirtAddr start, VirtAddr end) {
  const Ptes ptes{mm};
  for (const Vma& vma : mm.areas()) {
    if (vma.end <= start || vma.start >= end || !is_scanned(vma)) continue;
    Vma none = vma;
    none.prot = PROT_NONE;
    none.vm_page_prot = ptes.vm_page_prot(none);
    const VirtAddr first = std::max(start, vma.start);
    const VirtAddr last = std::min(end, vma.end);
    mm.tables.visit(first, last, [&](VirtAddr, Entry* entry, unsigned) {
      if (!ptes.mapped(*entry) || ptes.is_zero_page(*entry)) return;
      if (is_hinted(vma, mm.kernel.memory.record(ptes.frame(*entry))))
        *entry = ptes.modify(*entry, none);
    });
    mm.flush_tlb(first, last, TableChange::NumaHint);
  }
}

namespace {

void give_access_back(VmFault& vmf, Entry& entry) {
  const Ptes ptes{vmf.mm};
  entry = ptes.mkyoung(ptes.modify(entry, vmf.vma));
  if (can_change_pte_writable(vmf.mm, vmf.vma, entry)) entry = ptes.allow_write(entry);
}

}  // namespace

FaultResult do_numa_page(VmFault& vmf, Entry& entry) {
  vmf.decisions.add(Decision::DoNumaPage);
  const Ptes ptes{vmf.mm};
  const auto frame = static_cast<std::uint32_t>(ptes.frame(entry));
  const unsigned order = vmf.mm.kernel.memory.record(ptes.frame(entry)).order();
  give_access_back(vmf, entry);
  if (&entry != vmf.pte || order == 0) return vmf.complete(Cause::NumaHint);
  // The other pages of a large folio, where they are mapped beside this one.
  const std::size_t bytes = vmf.mm.page_size() << order;
  const VirtAddr block = vmf.request.address.align_down(bytes);
  const std::uint32_t first =
      frame - static_cast<std::uint32_t>(vmf.pte - vmf.mm.tables.find(block));
  vmf.mm.tables.visit(std::max(block, vmf.vma.start), std::min(block + bytes, vmf.vma.end),
                      [&](VirtAddr at, Entry* other, unsigned level) {
                        const auto nth =
                            static_cast<std::uint32_t>((at - block) >> vmf.mm.page_shift());
                        if (level > 0 || !ptes.mapped(*other) || !is_numa_hint(vmf, *other)) return;
                        if (static_cast<std::uint32_t>(ptes.frame(*other)) == first + nth)
                          give_access_back(vmf, *other);
                      });
  return vmf.complete(Cause::NumaHint);
}

}  // namespace pagesim::kernel
