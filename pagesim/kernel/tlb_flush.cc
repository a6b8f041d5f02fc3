// tlb_flush: what a change of entries asks of the TLB.
#include "pagesim/kernel/tlb_flush.h"

#include "pagesim/kernel/mm.h"

namespace pagesim::kernel {

std::string_view to_string(TableChange change) noexcept {
  constexpr std::string_view kNames[kTableChanges] = {
      "zap",       "free_tables", "mprotect", "fork",       "cow",      "mremap", "pageout",
      "lazy_free", "writeback",   "truncate", "huge_split", "collapse", "merge",  "numa_hint"};
  return kNames[static_cast<std::size_t>(change)];
}

std::string_view to_string(FlushKind kind) noexcept {
  constexpr std::string_view kNames[kFlushKinds] = {"page", "range", "all"};
  return kNames[static_cast<std::size_t>(kind)];
}

void Mm::flush_tlb(VirtAddr start, VirtAddr end, TableChange change, unsigned level) {
  if (tlb == nullptr || start == end) return;
  const std::uint64_t span = tables.span(level);
  const std::uint64_t pages = (end.align_up(span) - start.align_down(span)) / span;
  const bool many = pages > kernel.profile.tlb_single_page_flush_ceiling;
  const FlushKind kind = many ? FlushKind::All : pages > 1 ? FlushKind::Range : FlushKind::Page;
  tlb->flush_tlb({change, kind, start, end});
}

void Mm::flush_tlb_tables(VirtAddr start, VirtAddr end, TableChange change) {
  if (tlb != nullptr) tlb->flush_tlb({change, FlushKind::All, start, end});
}

}  // namespace pagesim::kernel
