// Mmu: translates an access, or says as a value why it cannot.
#pragma once

#include <cstdint>
#include <vector>

#include "pagesim/address.h"
#include "pagesim/hardware/page_table.h"
#include "pagesim/hardware/tlb.h"
#include "pagesim/ledger.h"

namespace pagesim::hardware {

/// Why a translation failed, as the processor reports it.
struct HardwareFault {
  std::uint16_t error_code = 0;
  std::uint8_t trap = 0;   ///< x86: 14 page fault, 13 general protection
  std::uint8_t level = 0;  ///< where the walk stopped, 0: the PTE
};

/// A physical address or a fault; two words, returned in registers.
class Translation {
 public:
  constexpr Translation(PhysAddr address) noexcept : address_{address.raw()}, ok_{true} {}
  constexpr Translation(HardwareFault fault) noexcept : fault_{fault} {}
  [[nodiscard]] constexpr bool ok() const noexcept { return ok_; }
  [[nodiscard]] constexpr PhysAddr address() const noexcept { return PhysAddr{address_}; }
  [[nodiscard]] constexpr HardwareFault fault() const noexcept { return fault_; }

 private:
  std::uint64_t address_ = 0;
  HardwareFault fault_{};
  bool ok_ = false;
};

enum class Privilege : std::uint8_t { User, Supervisor };

/// What the translation hardware has done so far.
struct MmuCounters {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;   ///< pages the TLB did not have
  std::uint64_t walks = 0;    ///< page walks: misses, and hits whose permission did not suffice
  std::uint64_t flushes = 0;  ///< requests of the kernel
};

/// One address space's translation hardware: a TLB, a paging-structure cache, a walker that sets
/// accessed and dirty bits. A processor of its own for each address space: switching costs nothing.
class Mmu {
 public:
  Mmu(const PageTable& tables, const TlbGeometry& tlb);

  /// Translates an access to one byte. A hit whose permission does not suffice is walked again
  /// before it is a fault, as processors do.
  [[nodiscard]] Translation translate(VirtAddr at, Access access,
                                      Privilege privilege = Privilege::User) noexcept {
    const PageNumber page = at.page(page_shift_);
    Tlb::Slot* slot = tlb_.find(page);
    if (slot != nullptr && allows(slot->entry, access)) {
      ++counters_.hits;
      return physical(slot->entry, at);
    }
    return walk(at, access, privilege, slot);
  }

  /// The kernel changed entries of these pages.
  void flush(PageNumber first, PageNumber last) noexcept;
  /// The kernel freed page tables.
  void flush_structures() noexcept;
  void flush_all() noexcept;

  [[nodiscard]] const MmuCounters& counters() const noexcept { return counters_; }
  [[nodiscard]] const Tlb& tlb() const noexcept { return tlb_; }

 private:
  /// Regions whose leaf table is remembered (the paging-structure cache).
  static constexpr std::size_t kStructures = 64;
  struct Structure {
    std::uint64_t region = ~std::uint64_t{0};
    Entry* table = nullptr;
  };

  /// Whether an entry lets the access through and nothing is left to be written back to it.
  [[nodiscard]] bool allows(Entry entry, Access access) const noexcept {
    return (entry & need_mask_[static_cast<unsigned>(access)]) ==
           need_value_[static_cast<unsigned>(access)];
  }
  [[nodiscard]] PhysAddr physical(Entry entry, VirtAddr at) const noexcept {
    return PhysAddr{(entry & address_mask_) | (at.raw() & offset_mask_)};
  }
  [[nodiscard]] Translation walk(VirtAddr at, Access access, Privilege privilege,
                                 Tlb::Slot* slot) noexcept;
  [[nodiscard]] Translation fault(Access access, Privilege privilege, bool present,
                                  unsigned level) const noexcept;
  /// The entry of one page inside a large one.
  [[nodiscard]] Entry page_of_large(Entry entry, VirtAddr at, unsigned level) const noexcept;
  /// An address outside the half a program can use: no walk finds anything there.
  [[nodiscard]] Translation outside(VirtAddr at, Access access, Privilege privilege) noexcept;
  [[nodiscard]] PageTable::Lowest find_leaf(VirtAddr at) noexcept;

  const PageTable& tables_;
  Tlb tlb_;
  unsigned page_shift_;
  std::uint64_t offset_mask_;
  Entry address_mask_;
  EntryBit accessed_;
  EntryBit dirty_;
  Entry need_mask_[3] = {};
  Entry need_value_[3] = {};
  std::uint64_t user_half_;  ///< first address beyond it
  unsigned region_shift_;
  std::uint64_t leaf_mask_;  ///< entries of a leaf table, less one
  Structure structures_[kStructures];
  MmuCounters counters_;
};

}  // namespace pagesim::hardware
