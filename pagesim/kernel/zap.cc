// zap: emptying entries and freeing tables.
#include "pagesim/kernel/zap.h"

#include "pagesim/kernel/huge.h"
#include "pagesim/kernel/pte.h"
#include "pagesim/kernel/rmap.h"

namespace pagesim::kernel {

void zap_entry(Mm& mm, Entry* entry) {
  const Ptes ptes{mm};
  const Entry old = *entry;
  *entry = 0;
  if (ptes.kind(old) == NonPresent::Swap) {
    mm.count(RssKind::Swap, -1);
    mm.kernel.swap.release(ptes.swap_slot(old));
  }
  if (!ptes.mapped(old) || ptes.is_zero_page(old)) return;
  hardware::FrameRecord& page = mm.kernel.memory.record(ptes.frame(old));
  namespace flag = hardware::frame_flag;
  if (ptes.dirty(old) && !page.has(flag::Anon)) page.set(flag::Dirty);
  page_remove_rmap(mm, ptes.frame(old));
}

void zap_range(Mm& mm, VirtAddr start, VirtAddr end, Markers markers) {
  const Ptes ptes{mm};
  bool any = false;
  mm.tables.visit(start, end, [&](VirtAddr at, Entry* entry, unsigned level) {
    if (markers == Markers::Keep && ptes.kind(*entry) == NonPresent::Guard) return;
    any = true;
    if (level == 0)
      zap_entry(mm, entry);
    else if (takes_whole_block(mm, at, *entry, level, start, end))
      zap_huge_pmd(mm, *entry);
  });
  if (any) mm.flush_tlb(start, end, TableChange::Zap);
}

void free_pgtables(Mm& mm, VirtAddr start, VirtAddr end) {
  const auto& areas = mm.areas();
  const auto above = areas.starting_from(start);
  const VirtAddr ceiling = above == areas.end() ? VirtAddr{~std::uint64_t{0}} : above->start;
  const VirtAddr floor = above == areas.begin() ? VirtAddr{} : std::prev(above)->end;
  if (mm.tables.free_tables(start, end, floor, ceiling))
    mm.flush_tlb_tables(start, end, TableChange::FreeTables);
}

}  // namespace pagesim::kernel
