// collapse: small pages become one huge page.
#include <algorithm>
#include <cerrno>

#include "pagesim/kernel/anon.h"
#include "pagesim/kernel/huge.h"
#include "pagesim/kernel/pte.h"
#include "pagesim/kernel/rmap.h"
#include "pagesim/kernel/swap.h"
#include "pagesim/kernel/zap.h"

namespace pagesim::kernel {

namespace {

namespace flag = hardware::frame_flag;

/// The bytes behind one entry into a frame of the huge page; the entry is emptied.
void gather(Mm& mm, Entry* entry, FrameNumber target) {
  const Ptes ptes{mm};
  if (ptes.kind(*entry) == NonPresent::Swap) {
    const SwapSlot slot = ptes.swap_slot(*entry);
    if (const auto cached = mm.kernel.swap.cached(slot))
      mm.kernel.memory.copy_frame(target, *cached);
    else
      mm.kernel.swap.read(slot, target);
  } else if (ptes.mapped(*entry) && !ptes.is_zero_page(*entry)) {
    mm.kernel.memory.copy_frame(target, ptes.frame(*entry));
  }
  if (*entry != 0) zap_entry(mm, entry);
}

}  // namespace

int collapse_block(Mm& mm, Vma& vma, VirtAddr block) {
  Entry* pmd = mm.tables.find(block, 1);
  if (pmd == nullptr || *pmd == 0) return EINVAL;
  if (!mm.tables.is_table(*pmd)) return 0;
  Entry* entry = mm.tables.find(block);
  const auto is_guard = [ptes = Ptes{mm}](Entry each) {
    return ptes.kind(each) == NonPresent::Guard;
  };
  if (std::any_of(entry, entry + huge_pages(mm), is_guard)) return EINVAL;
  const auto head = mm.kernel.memory.allocate(huge_order(mm));
  if (!head) return ENOMEM;
  anon_vma_prepare(mm, vma);
  mark_block(mm, *head, flag::Anon | flag::Exclusive, true);
  for (std::uint32_t i = 0; i < huge_pages(mm); ++i)
    gather(mm, entry + i, FrameNumber{static_cast<std::uint32_t>(*head) + i});
  mm.tables.unhang(*pmd);
  const Ptes ptes{mm};
  const Entry huge = ptes.mkyoung(ptes.mkhuge(ptes.make(*head, vma)));
  *pmd = vma.is_writable() ? ptes.mkwrite(huge) : huge;
  add_block_rmap(mm, *head);
  mm.flush_tlb_tables(block, block + mm.tables.span(1), TableChange::Collapse);
  return 0;
}

}  // namespace pagesim::kernel
