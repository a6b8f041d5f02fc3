// fork: which areas and entries a child gets.
#include "pagesim/kernel/fork.h"

#include "pagesim/kernel/huge.h"
#include "pagesim/kernel/pte.h"
#include "pagesim/kernel/rmap.h"

namespace pagesim::kernel {

namespace {

namespace flag = hardware::frame_flag;

/// One present entry: the child's is a copy, not accessed yet, and clean where a store would reach
/// the parent too; neither side may write a private page unseen.
Entry copy_present_pte(Mm& child, const Vma& vma, Entry& entry) {
  const Ptes ptes{child};
  if (!vma.is_shared()) entry = ptes.wrprotect(entry);
  const Entry copy = ptes.mkold(vma.is_shared() ? ptes.mkclean(entry) : entry);
  if (ptes.is_zero_page(entry)) return copy;
  child.kernel.memory.record(ptes.frame(entry)).clear(flag::Exclusive);
  page_add_rmap(child, ptes.frame(entry));
  return copy;
}

/// A swapped page has one entry more; neither side is its only owner any longer.
Entry copy_nonpresent_pte(Mm& child, Entry& entry) {
  const Ptes ptes{child};
  if (ptes.kind(entry) != NonPresent::Swap) return entry;
  entry &= ~nonpresent::kExclusive;
  child.kernel.swap.duplicate(ptes.swap_slot(entry));
  child.count(RssKind::Swap, 1);
  return entry;
}

/// The entries of one area with their tables.
bool copy_page_range(Mm& parent, Mm& child, const Vma& vma) {
  const Ptes ptes{parent};
  bool copied = true;
  parent.tables.visit_leaf_tables(vma.start, vma.end, [&](VirtAddr at) {
    copied &= child.tables.find_or_make(std::max(at, vma.start)) != nullptr;
  });
  if (!copied) return false;
  parent.tables.visit(vma.start, vma.end, [&](VirtAddr at, Entry* entry, unsigned level) {
    if (level > 0) {
      copied &= copy_huge_pmd(child, at, *entry);
      return;
    }
    Entry* target = child.tables.find_or_make(at);
    *target = ptes.mapped(*entry) ? copy_present_pte(child, vma, *entry)
                                  : copy_nonpresent_pte(child, *entry);
  });
  parent.flush_tlb(vma.start, vma.end, TableChange::Fork);
  return copied;
}

}  // namespace

bool dup_mm(Mm& parent, Mm& child) {
  child.start_brk = parent.start_brk;
  child.brk = parent.brk;
  for (const Vma& vma : parent.areas()) {
    if (vma.has(vm_flag::DontFork)) continue;
    Vma copy = vma;
    copy.flags &= ~(std::uint32_t{vm_flag::Locked} | vm_flag::LockOnFault);
    const bool wipe = vma.has(vm_flag::WipeOnFork);
    if (wipe) copy.anon_vma = AnonVma::None;
    const bool copies = !wipe && (vma.anon_vma != AnonVma::None || vma.guarded ||
                                  !parent.kernel.profile.fork_skips_untouched_vmas);
    child.adopt(std::move(copy));
    if (copies && !copy_page_range(parent, child, vma)) return false;
  }
  return true;
}

bool dup_page(Mm& parent, Mm& child, VirtAddr at) {
  const Ptes ptes{parent};
  Entry* const entry = parent.tables.find(at);
  Vma* const vma = child.find_vma(at);
  if (entry == nullptr || !ptes.mapped(*entry)) return false;
  if (vma == nullptr || !vma->contains(at) || vma->is_shared()) return false;
  Entry* const copy = child.tables.find_or_make(at);
  if (copy == nullptr || *copy != 0) return false;
  if (vma->anon_vma == AnonVma::None) vma->anon_vma = parent.find_vma(at)->anon_vma;
  *copy = copy_present_pte(child, *vma, *entry);
  return true;
}

void wrprotect_page(Mm& mm, VirtAddr at) {
  const Ptes ptes{mm};
  Entry* const entry = mm.tables.find(at);
  if (entry == nullptr || !ptes.mapped(*entry) || ptes.is_zero_page(*entry)) return;
  *entry = ptes.wrprotect(*entry);
  mm.kernel.memory.record(ptes.frame(*entry)).clear(flag::Exclusive);
  mm.flush_tlb(at.align_down(mm.page_size()), at.align_down(mm.page_size()) + mm.page_size(),
               TableChange::Fork);
}

}  // namespace pagesim::kernel
