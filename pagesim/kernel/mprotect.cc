// mprotect: protections of areas and of the entries already there.
#include "pagesim/kernel/mprotect.h"

#include <sys/mman.h>

#include "pagesim/kernel/areas.h"
#include "pagesim/kernel/gup.h"
#include "pagesim/kernel/huge.h"
#include "pagesim/kernel/pte.h"
#include "pagesim/kernel/syscalls.h"

namespace pagesim::kernel {

namespace flag = hardware::frame_flag;

bool can_change_pte_writable(const Mm& mm, const Vma& vma, Entry entry) {
  const Ptes ptes{mm};
  if ((vma.prot & PROT_WRITE) == 0 || ptes.is_zero_page(entry)) return false;
  if (vma.is_shared()) return ptes.dirty(entry);
  const hardware::FrameRecord& page = mm.kernel.memory.record(ptes.frame(entry));
  const Profile& rules = mm.kernel.profile;
  if (!rules.mprotect_restores_write || !page.has(flag::Anon)) return false;
  return page.has(flag::Exclusive) && (rules.mprotect_restores_clean || ptes.dirty(entry));
}

namespace {

void change_protection(Mm& mm, const Vma& vma) {
  const Ptes ptes{mm};
  mm.tables.visit(vma.start, vma.end, [&](VirtAddr at, Entry* entry, unsigned level) {
    if (level > 0 && !takes_whole_block(mm, at, *entry, level, vma.start, vma.end)) return;
    if (!ptes.mapped(*entry)) return;
    *entry = ptes.modify(*entry, vma);
    if (can_change_pte_writable(mm, vma, *entry)) *entry = ptes.allow_write(*entry);
  });
  mm.flush_tlb(vma.start, vma.end, TableChange::Mprotect);
}

/// What can be stored to is charged, for good once it has had a page of its own: areas with and
/// without are not joined (measured on Linux 6.18: "ac" in smaps).
void keep_account(Vma& vma, std::uint8_t wanted) {
  constexpr std::uint32_t kNever = vm_flag::Shared | vm_flag::Noreserve | vm_flag::Hugetlb;
  if ((wanted & PROT_WRITE) != 0) {
    if (!vma.has(kNever)) vma.flags |= vm_flag::Account;
  } else if (vma.is_anonymous() && vma.anon_vma == AnonVma::None) {
    vma.flags &= ~std::uint32_t{vm_flag::Account};
  }
}

}  // namespace

SysResult<Done> sys_mprotect(Mm& mm, const Current& current, VirtAddr at, std::size_t length,
                             int prot) {
  if (!at.is_aligned(mm.page_size())) return fail(EINVAL);
  if ((prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC)) != 0) return fail(EINVAL);
  const std::size_t bytes = page_align(mm, length);
  if (length == 0) return Done{};
  if (bytes == 0 || at > mm.limits.task_size || bytes > mm.limits.task_size - at)
    return fail(ENOMEM);
  const auto wanted = static_cast<std::uint8_t>(prot);
  return change_areas(mm, at, at + bytes, AtHole::Stop, [&](Vma& vma) {
    if (vma.prot == wanted) return 0;
    const bool becomes_data =
        !vma.is_shared() && (prot & PROT_WRITE) != 0 && (vma.prot & PROT_WRITE) == 0;
    if (becomes_data && !may_become_data(mm, vma)) return ENOMEM;
    keep_account(vma, wanted);
    mm.set_prot(vma, wanted);
    change_protection(mm, vma);
    // Copied now, so that a locked page does not wait for memory when it is stored to.
    if (becomes_data && vma.has(vm_flag::Locked))
      (void)mm_populate(mm, current, vma.start, vma.end);
    return 0;
  });
}

}  // namespace pagesim::kernel
