// Mmu: the walk behind a TLB miss, and faults.
#include "pagesim/hardware/mmu.h"

#include "pagesim/hardware/arch/arm64.h"

namespace pagesim::hardware {

Mmu::Mmu(const PageTable& tables, const TlbGeometry& tlb, const Walker& walker)
    : tables_{tables},
      tlb_{tlb},
      page_shift_{tables.geometry().page_shift},
      offset_mask_{tables.geometry().page_size() - 1},
      address_mask_{tables.format().address_mask},
      present_{tables.format().present},
      aborts_{tables.geometry().arch == Arch::Arm64},
      has_no_execute_{tables.format().executable.mask != 0},
      user_end_{tables.geometry().user_end},
      leaf_bits_{tables.geometry().index_bits[0]},
      leaf_mask_{tables.geometry().entries(0) - 1} {
  const EntryFormat& format = tables.format();
  const auto with = [](const EntryBit& a, const EntryBit& b) {
    return EntryBit{a.mask | b.mask, a.value | b.value};
  };
  for (const Access access : {Access::Read, Access::Write, Access::Execute})
    demands_[static_cast<unsigned>(access)] = {
        with(with(format.present, format.user), format.accessed),
        walker.sets_accessed ? format.accessed : EntryBit{}};
  Demand& write = demands_[static_cast<unsigned>(Access::Write)];
  write.need = with(with(write.need, format.writable), format.dirty);
  if (walker.sets_dirty) write.used = with(write.used, format.dirty);
  Demand& execute = demands_[static_cast<unsigned>(Access::Execute)];
  execute.need = with(execute.need, format.executable);
}

Translation Mmu::translate_fully(VirtAddr at, Access access, Privilege privilege) noexcept {
  Tlb::Slot* slot = tlb_.find(at.page(page_shift_));
  if (slot != nullptr && allows(slot->entry, access)) {
    ++counters_.hits;
    return physical(slot->entry, at);
  }
  ++(slot == nullptr ? counters_.misses : counters_.rechecks);
  if (at.raw() >= user_end_) [[unlikely]]
    return outside(at, access, privilege);
  return walk(at, access, privilege, slot);
}

PageTable::Lowest Mmu::find_leaf(VirtAddr at) noexcept {
  const PageTable::Lowest lowest = tables_.lowest(at);
  if (lowest.level > 0) return lowest;
  const PageNumber page = at.page(page_shift_);
  structure_of(page) = {region(page), lowest.entry - leaf_index(page)};
  return lowest;
}

Translation Mmu::walk(VirtAddr at, Access access, Privilege privilege, Tlb::Slot* slot) noexcept {
  const PageTable::Lowest lowest = find_leaf(at);
  Entry used = demand(access).used.set(*lowest.entry);
  if (!allows(used, access)) {
    if (slot != nullptr) *slot = {};
    return fault(access, privilege, used, lowest.level);
  }
  *lowest.entry = used;
  if (lowest.level > 0) used = page_of_large(used, at, lowest.level);
  if (slot == nullptr)
    tlb_.insert(at.page(page_shift_), used);
  else
    slot->entry = used;
  return physical(used, at);
}

/// x86-64 has addresses that are none; elsewhere what is not the program's is the kernel's.
Translation Mmu::outside(VirtAddr at, Access access, Privilege privilege) noexcept {
  const Geometry& geometry = tables_.geometry();
  const bool has_gap = geometry.arch == Arch::X86 && !geometry.is_32_bit();
  if (has_gap && at.raw() < ~user_end_ + 1) return HardwareFault{0, x86::kTrapGeneralProtection, 0};
  constexpr unsigned kLevel0 = 3;  // arm64 names the level above which nothing was looked up
  return fault(access, privilege, 0, geometry.arch == Arch::Arm64 ? kLevel0 : geometry.levels - 1);
}

Entry Mmu::page_of_large(Entry entry, VirtAddr at, unsigned level) const noexcept {
  const std::uint64_t inside = at.raw() & (tables_.span(level) - 1) & ~offset_mask_;
  return (entry & ~(address_mask_ & (tables_.span(level) - 1))) | inside;
}

HardwareFault Mmu::abort(Access access, Privilege privilege, Entry entry,
                         unsigned level) const noexcept {
  using arm64::FaultStatus;
  const EntryFormat& format = tables_.format();
  FaultStatus status = FaultStatus::Permission;
  if (!format.present.in(entry))
    status = FaultStatus::Translation;
  else if (!format.accessed.in(entry))
    status = FaultStatus::AccessFlag;
  std::uint32_t syndrome = arm64::fault_status(status, 3 - static_cast<int>(level));
  if (access == Access::Write) syndrome |= arm64::kWnr;
  const auto exception = arm64::exception_class(access, privilege == Privilege::User);
  return {static_cast<std::uint16_t>(syndrome), static_cast<std::uint8_t>(exception),
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
