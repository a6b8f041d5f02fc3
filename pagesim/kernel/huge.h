// huge: pages one level-1 entry maps whole (spec/linux-faults section 9).
#pragma once

#include "pagesim/kernel/fault.h"
#include "pagesim/kernel/mm.h"

namespace pagesim::kernel {

/// 2^order pages make a huge page: 9 on x86-64.
[[nodiscard]] inline unsigned huge_order(const Mm& mm) noexcept {
  return mm.tables.geometry().index_bits[0];
}
[[nodiscard]] inline std::uint32_t huge_pages(const Mm& mm) noexcept {
  return std::uint32_t{1} << huge_order(mm);
}
/// Whether the settings and the area's advice ask for folios of an order.
[[nodiscard]] bool is_thp_order_enabled(const Mm& mm, const Vma& vma, unsigned order) noexcept;
/// Whether the huge page around an address lies within an area that asks for it.
[[nodiscard]] bool is_huge_eligible(const Mm& mm, const Vma& vma, VirtAddr at) noexcept;

/// First touch of a block without a page: the huge zero page, or a huge page of its own.
FaultResult do_huge_pmd_anonymous_page(VmFault& vmf, Entry& pmd);
/// A fault on a block one entry maps: a copy, a reuse, or nothing to do. A shared one falls apart
/// in this address space, and the faulting page alone is copied.
FaultResult huge_pmd_fault(VmFault& vmf, Entry& pmd);

/// One huge entry becomes a table of entries for its pages; nothing else changes.
void split_huge_pmd(Mm& mm, VirtAddr block, Entry& pmd);
/// For visitors: true if the entry of `level` maps a block wholly within [start, end). A block that
/// is only partly within is split, and its pages are visited next.
[[nodiscard]] bool takes_whole_block(Mm& mm, VirtAddr block, Entry& entry, unsigned level,
                                     VirtAddr start, VirtAddr end);
/// An area may have been cut here: no entry maps a block that reaches from one area into the next.
void split_straddling_block(Mm& mm, VirtAddr edge);
void zap_huge_pmd(Mm& mm, Entry& pmd);
/// fork: the child maps the same block, both without write permission. False without a frame.
[[nodiscard]] bool copy_huge_pmd(Mm& child, VirtAddr block, Entry& pmd);
/// The first frame of the folio a frame belongs to: folios are naturally aligned.
[[nodiscard]] FrameNumber folio_head(const Kernel& kernel, FrameNumber frame) noexcept;
/// The frames of a folio have nothing to do with each other any more.
void split_folio(Kernel& kernel, FrameNumber head);
/// The folio mapped at an address, here alone, falls apart: its pages are single ones, and those
/// nobody stored to may give way to the zero page.
void split_mapped_folio(Mm& mm, VirtAddr at);
/// What advice on [start, end) does to the folio an entry of the range maps: one that is mapped
/// here alone and meant only in part falls apart.
enum class Advisable : std::uint8_t {
  Whole,   ///< the range has all of it
  Single,  ///< a page of its own, by now at least
  Not      ///< others map it too, or it is the huge zero page: the advice passes it over
};
[[nodiscard]] Advisable advise_folio(Mm& mm, VirtAddr at, Entry* entry, unsigned level,
                                     VirtAddr start, VirtAddr end);
/// Whether all mappings of a page's folio are this address space's, around an address.
[[nodiscard]] bool is_folio_exclusive(Mm& mm, VirtAddr at, FrameNumber frame);
/// Sets or clears a flag of every frame of a block.
void mark_block(Mm& mm, FrameNumber head, std::uint16_t flag, bool on);

/// MADV_COLLAPSE: the block's pages, present or not, become one huge page. An errno or 0.
int collapse_block(Mm& mm, Vma& vma, VirtAddr block);

}  // namespace pagesim::kernel
