// Mmu: the walk behind a TLB miss, and faults.
#include "pagesim/hardware/mmu.h"

#include "pagesim/hardware/arch/x86.h"

namespace pagesim::hardware {

Mmu::Mmu(const PageTable& tables, const TlbGeometry& tlb)
    : tables_{tables},
      tlb_{tlb},
      page_shift_{tables.geometry().page_shift},
      offset_mask_{tables.geometry().page_size() - 1},
      address_mask_{tables.format().address_mask},
      accessed_{tables.format().accessed},
      dirty_{tables.format().dirty},
      user_half_{std::uint64_t{1} << (tables.geometry().address_bits() - 1)},
      region_shift_{tables.geometry().shift(1)},
      leaf_mask_{tables.geometry().entries(0) - 1} {
  const EntryFormat& format = tables.format();
  const auto need = [this](Access access, const EntryBit& bit) {
    need_mask_[static_cast<unsigned>(access)] |= bit.mask;
    need_value_[static_cast<unsigned>(access)] |= bit.value;
  };
  for (const Access access : {Access::Read, Access::Write, Access::Execute})
    need(access, format.present);
  need(Access::Write, format.writable);
  need(Access::Write, format.dirty);
  need(Access::Execute, format.executable);
}

inline PageTable::Lowest Mmu::find_leaf(VirtAddr at) noexcept {
  const std::uint64_t region = at.raw() >> region_shift_;
  const std::uint64_t index = (at.raw() >> page_shift_) & leaf_mask_;
  Structure& structure = structures_[region % kStructures];
  if (structure.region == region) [[likely]]
    return {structure.table + index, 0};
  const PageTable::Lowest lowest = tables_.lowest(at);
  if (lowest.level == 0) structure = {region, lowest.entry - index};
  return lowest;
}

Translation Mmu::walk(VirtAddr at, Access access, Privilege privilege, Tlb::Slot* slot) noexcept {
  counters_.misses += slot == nullptr;
  if (at.raw() >= user_half_) [[unlikely]]
    return outside(at, access, privilege);
  ++counters_.walks;
  const auto [entry, level] = find_leaf(at);
  Entry used = accessed_.set(*entry);
  if (access == Access::Write) used = dirty_.set(used);
  if (!allows(used, access)) [[unlikely]] {
    if (slot != nullptr) *slot = {};
    return fault(access, privilege, tables_.format().present.in(*entry), level);
  }
  if (used != *entry) *entry = used;
  if (level > 0) used = page_of_large(used, at, level);
  if (slot == nullptr)
    tlb_.insert(at.page(page_shift_), used);
  else
    slot->entry = used;
  return physical(used, at);
}

Translation Mmu::outside(VirtAddr at, Access access, Privilege privilege) noexcept {
  if (at.raw() < ~user_half_ + 1) return HardwareFault{0, x86::kTrapGeneralProtection, 0};
  ++counters_.walks;
  return fault(access, privilege, false, tables_.geometry().levels - 1);
}

Entry Mmu::page_of_large(Entry entry, VirtAddr at, unsigned level) const noexcept {
  const std::uint64_t inside = at.raw() & (tables_.span(level) - 1) & ~offset_mask_;
  return (entry & ~(address_mask_ & (tables_.span(level) - 1))) | inside;
}

Translation Mmu::fault(Access access, Privilege privilege, bool present,
                       unsigned level) const noexcept {
  const bool user = privilege == Privilege::User;
  return HardwareFault{x86::error_code(access, user, present), x86::kTrapPageFault,
                       static_cast<std::uint8_t>(level)};
}

void Mmu::flush(PageNumber first, PageNumber last) noexcept {
  ++counters_.flushes;
  if (first == last)
    tlb_.flush(first);
  else
    tlb_.flush_range(first, last);
}

void Mmu::flush_structures() noexcept {
  for (Structure& structure : structures_) structure = {};
}

void Mmu::flush_all() noexcept {
  ++counters_.flushes;
  tlb_.flush_all();
  flush_structures();
}

}  // namespace pagesim::hardware
