// Mmu: the walk behind a TLB miss, and faults.
#include "pagesim/hardware/mmu.h"

#include "pagesim/hardware/arch/arm64.h"

namespace pagesim::hardware {

Mmu::Mmu(const PageTable& tables, Tlb& tlb, const Walker& walker)
    : tables_{tables},
      tlb_{tlb},
      context_{tlb.context()},
      page_shift_{tables.geometry().page_shift},
      offset_mask_{tables.geometry().page_size() - 1},
      address_mask_{tables.format().address_mask},
      present_{tables.format().present},
      key_{walker.protection_keys ? tables.format().default_key : EntryBit{}},
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
  for (const Access access : {Access::Read, Access::Write}) {
    EntryBit& need = demands_[static_cast<unsigned>(access)].need;
    need = with(need, key_);
  }
  Demand& write = demands_[static_cast<unsigned>(Access::Write)];
  write.need = with(with(write.need, format.writable), format.dirty);
  if (walker.sets_dirty) write.used = with(write.used, format.dirty);
  Demand& execute = demands_[static_cast<unsigned>(Access::Execute)];
  execute.need = with(execute.need, format.executable);
}

/// Flattened, so that no register is saved.
[[gnu::flatten]] Translation Mmu::translate_other_page(TlbArray& array, std::uint64_t tag,
                                                       VirtAddr at, Access access,
                                                       Privilege privilege) noexcept {
  if (const TlbArray::Slot* slot = array.find(tag); slot != nullptr) {
    if (!allows(slot->entry, access)) [[unlikely]]
      return Translation::undecided();
    ++tlb_.counters.hits;
    return physical(slot->entry, at);
  }
  return walk_quickly(array, tag, at, access, privilege);
}

Translation Mmu::translate_fully(VirtAddr at, Access access, Privilege privilege) noexcept {
  if (!tlb_.is_running(context_)) tlb_.run(context_);
  const Tlb::Found found = tlb_.find(context_, at, access);
  if (found.slot == nullptr) {
    ++tlb_.counters.misses;
    return walk(at, access, privilege);
  }
  const Entry entry = found.slot->entry;
  if (!allows(entry, access)) {
    ++tlb_.counters.rechecks;
    (void)tlb_.flush(context_, at, at + 1);
    return walk(at, access, privilege);
  }
  ++(found.second ? tlb_.counters.second_hits : tlb_.counters.hits);
  if (found.second) tlb_.fill(context_, at, access, entry, found.level, false);
  return physical(tlb_.cut(entry, found.level, 0, at), at);
}

PageTable::Lowest Mmu::find_leaf(VirtAddr at) noexcept {
  const PageTable::Lowest lowest = tables_.lowest(at);
  if (lowest.level > 0) return lowest;
  const PageNumber page = at.page(page_shift_);
  structure_of(page) = {region(page), lowest.entry - leaf_index(page)};
  return lowest;
}

Translation Mmu::walk(VirtAddr at, Access access, Privilege privilege) noexcept {
  if (at.raw() >= user_end_) [[unlikely]]
    return outside(at, access, privilege);
  const auto [entry, level] = find_leaf(at);
  const Entry used = demand(access).used.set(*entry);
  if (!allows(used, access)) return fault(access, privilege, used, level);
  *entry = used;
  tlb_.fill(context_, at, access, used, level, true);
  return physical(tlb_.cut(used, level, 0, at), at);
}

/// x86-64 has addresses that are none; elsewhere what is not the program's is the kernel's.
Translation Mmu::outside(VirtAddr at, Access access, Privilege privilege) noexcept {
  const Geometry& geometry = tables_.geometry();
  const bool has_gap = geometry.arch == Arch::X86 && !geometry.is_32_bit();
  if (has_gap && at.raw() < ~user_end_ + 1) return HardwareFault{0, x86::kTrapGeneralProtection, 0};
  constexpr unsigned kLevel0 = 3;  // arm64 names the level above which nothing was looked up
  return fault(access, privilege, 0, geometry.arch == Arch::Arm64 ? kLevel0 : geometry.levels - 1);
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

std::size_t Mmu::flush_all(std::vector<CachedTranslation>* dropped) {
  for (Structure& structure : structures_) structure = {};
  return tlb_.flush_all(context_, dropped);
}

bool Mmu::is_stale(const CachedTranslation& cached) const noexcept {
  const auto [entry, level] = tables_.lowest(cached.page);
  const Entry accessed = tables_.format().accessed.set(*entry);  // who clears it need not flush
  for (const Access access : {Access::Read, Access::Write, Access::Execute}) {
    if (!allows(cached.entry, access)) continue;
    if (level < cached.level || !allows(accessed, access)) return true;
    const Entry now = tlb_.cut(*entry, level, 0, cached.page);
    const Entry then = tlb_.cut(cached.entry, cached.level, 0, cached.page);
    if (((now ^ then) & address_mask_) != 0) return true;
  }
  return false;
}

std::vector<CachedTranslation> Mmu::stale() const {
  std::vector<CachedTranslation> found = cached();
  std::erase_if(found, [this](const CachedTranslation& cached) { return !is_stale(cached); });
  return found;
}

}  // namespace pagesim::hardware
