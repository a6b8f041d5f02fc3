// Mmu: translates an access, or says as a value why it cannot.
#pragma once

#include <cstdint>
#include <vector>

#include "pagesim/address.h"
#include "pagesim/hardware/arch/x86.h"
#include "pagesim/hardware/page_table.h"
#include "pagesim/hardware/tlb.h"
#include "pagesim/ledger.h"

namespace pagesim::hardware {

/// Why a translation failed, as the processor reports it.
struct HardwareFault {
  std::uint16_t error_code = 0;  ///< x86; arm64: the low bits of the syndrome: WnR, fault status
  std::uint8_t trap = 0;         ///< x86: 14 page fault, 13 general protection; arm64: ESR.EC
  std::uint8_t level = 0;        ///< where the walk stopped, 0: the PTE

  /// What the handler reads: the error code on x86, ESR_EL1 on arm64. The exception classes of
  /// aborts lie above x86's exceptions, of which there are 32.
  [[nodiscard]] constexpr std::uint32_t syndrome() const noexcept {
    constexpr unsigned kExceptions = 0x20;
    constexpr unsigned kInstructionLength = 1u << 25;
    if (trap < kExceptions) return error_code;
    return (std::uint32_t{trap} << 26) | kInstructionLength | error_code;
  }
};

/// A physical address or a fault; two words, returned in registers.
class Translation {
 public:
  constexpr Translation(PhysAddr address) noexcept : address_{address.raw()} {}
  constexpr Translation(HardwareFault fault) noexcept : fault_{fault} {}
  /// Every fault has a trap.
  [[nodiscard]] constexpr bool ok() const noexcept { return fault_.trap == 0; }
  /// The translation was not finished: see Mmu::translate_quickly.
  [[nodiscard]] static constexpr Translation undecided() noexcept {
    return Translation{HardwareFault{.trap = kUndecided}};
  }
  [[nodiscard]] constexpr bool is_decided() const noexcept { return fault_.trap != kUndecided; }
  [[nodiscard]] constexpr bool is_fault() const noexcept { return !ok() && is_decided(); }
  [[nodiscard]] constexpr PhysAddr address() const noexcept { return PhysAddr{address_}; }
  [[nodiscard]] constexpr HardwareFault fault() const noexcept { return fault_; }

 private:
  static constexpr std::uint8_t kUndecided = 0xff;  ///< no processor's trap

  std::uint64_t address_ = 0;
  HardwareFault fault_{};
};

enum class Privilege : std::uint8_t { User, Supervisor };

/// One address space's translation hardware: its share of the processor's TLB, a paging-structure
/// cache, a walker that sets accessed and dirty bits. All tasks run on one processor, in turn.
class Mmu {
 public:
  /// The TLB must outlive it.
  Mmu(const PageTable& tables, Tlb& tlb, const Walker& walker = {});
  ~Mmu() { tlb_.forget(context_); }
  Mmu(const Mmu&) = delete;
  Mmu& operator=(const Mmu&) = delete;

  /// Translates an access to one byte. A hit whose permission does not suffice is walked again
  /// before it is a fault, as processors do.
  [[nodiscard]] Translation translate(VirtAddr at, Access access,
                                      Privilege privilege = Privilege::User) noexcept {
    const Translation translated = translate_quickly(at, access, privilege);
    return translated.is_decided() ? translated : translate_fully(at, access, privilege);
  }
  /// The usual cases alone: the TLB has it, or a leaf table that is remembered. Else nothing has
  /// happened, and the answer is undecided. The page of the last hit takes no call.
  [[nodiscard]] Translation translate_quickly(VirtAddr at, Access access,
                                              Privilege privilege = Privilege::User) noexcept {
    const PageNumber page = at.page(page_shift_);
    TlbArray& array = *context_.first[static_cast<unsigned>(access)];
    const std::uint64_t tag = static_cast<std::uint64_t>(page) | context_.asid;
    const TlbArray::Slot& latest = array.latest();
    if (latest.tag != tag || !allows(latest.entry, access)) [[unlikely]]
      return translate_other_page(array, tag, at, access, privilege);
    ++tlb_.counters.hits;
    return physical(latest.entry, at);
  }
  /// The same for a page that the TLB does not have.
  [[nodiscard]] Translation walk_quickly(VirtAddr at, Access access) noexcept {
    const PageNumber page = at.page(page_shift_);
    return walk_quickly(*context_.first[static_cast<unsigned>(access)],
                        static_cast<std::uint64_t>(page) | context_.asid, at, access,
                        Privilege::User);
  }
  [[nodiscard]] Translation translate_fully(VirtAddr at, Access access,
                                            Privilege privilege = Privilege::User) noexcept;

  /// The kernel changed entries of pages of [start, end). How many translations were dropped; they
  /// go to `dropped`.
  std::size_t flush(VirtAddr start, VirtAddr end,
                    std::vector<CachedTranslation>* dropped = nullptr) {
    return tlb_.flush(context_, start, end, dropped);
  }
  /// All translations of this address space, and what is remembered of its tables.
  std::size_t flush_all(std::vector<CachedTranslation>* dropped = nullptr);
  /// The address space has ended.
  void retire() { tlb_.forget(context_); }

  /// Translations somebody knows would have missed and faulted.
  void count_misses(std::uint64_t n) noexcept { tlb_.counters.misses += n; }

  [[nodiscard]] std::vector<CachedTranslation> cached() const { return tlb_.cached(context_); }
  /// Whether a cached translation grants what the tables no longer do: another frame, an access
  /// they forbid, a store they would not notice.
  [[nodiscard]] bool is_stale(const CachedTranslation& cached) const noexcept;
  /// Every one of this address space that is.
  [[nodiscard]] std::vector<CachedTranslation> stale() const;
  [[nodiscard]] PhysAddr physical(const CachedTranslation& cached) const noexcept {
    return PhysAddr{tlb_.cut(cached.entry, cached.level, 0, cached.page) & address_mask_};
  }

 private:
  /// Regions whose leaf table is remembered (the paging-structure cache).
  static constexpr std::size_t kStructures = 64;
  struct Structure {
    std::uint64_t region = ~std::uint64_t{0};
    Entry* table = nullptr;
  };

  /// What an access asks of an entry, and the accessed and dirty bits it leaves there.
  struct Demand {
    EntryBit need;
    EntryBit used;
  };
  [[nodiscard]] const Demand& demand(Access access) const noexcept {
    return demands_[static_cast<unsigned>(access)];
  }
  /// Whether an entry lets the access through and nothing is left to be written back to it.
  [[nodiscard]] bool allows(Entry entry, Access access) const noexcept {
    return demand(access).need.in(entry);
  }
  [[nodiscard]] PhysAddr physical(Entry entry, VirtAddr at) const noexcept {
    return PhysAddr{(entry & address_mask_) | (at.raw() & offset_mask_)};
  }
  /// translate_quickly for another page than the last one, or another use of it.
  [[nodiscard]] Translation translate_other_page(TlbArray& array, std::uint64_t tag, VirtAddr at,
                                                 Access access, Privilege privilege) noexcept;
  [[nodiscard, gnu::always_inline]] Translation walk_quickly(TlbArray& array, std::uint64_t tag,
                                                             VirtAddr at, Access access,
                                                             Privilege privilege) noexcept {
    const PageNumber page = at.page(page_shift_);
    const Structure& structure = structure_of(page);
    if (structure.region != region(page) || !context_.direct) [[unlikely]]
      return Translation::undecided();
    ++tlb_.counters.misses;
    Entry& entry = structure.table[leaf_index(page)];
    const Entry used = demand(access).used.set(entry);
    if (!allows(used, access)) [[unlikely]]
      return fault(access, privilege, used, 0);
    if (used != entry) entry = used;
    array.insert(tag, used);
    return physical(used, at);
  }
  [[nodiscard]] Translation walk(VirtAddr at, Access access, Privilege privilege) noexcept;
  /// The access is refused by this entry, as the walker left it.
  [[nodiscard]] HardwareFault fault(Access access, Privilege privilege, Entry entry,
                                    unsigned level) const noexcept {
    if (aborts_) [[unlikely]]
      return abort(access, privilege, entry, level);
    const bool present = present_.in(entry);
    unsigned code = x86::error_code(access, privilege == Privilege::User, present, has_no_execute_);
    if (present && !key_.in(entry) && access != Access::Execute) [[unlikely]]
      code |= x86::kErrorProtectionKey;
    return {static_cast<std::uint16_t>(code), x86::kTrapPageFault,
            static_cast<std::uint8_t>(level)};
  }
  /// The same on arm64.
  [[nodiscard]] HardwareFault abort(Access access, Privilege privilege, Entry entry,
                                    unsigned level) const noexcept;
  /// An address outside the half a program can use: no walk finds anything there.
  [[nodiscard]] Translation outside(VirtAddr at, Access access, Privilege privilege) noexcept;
  [[nodiscard]] std::uint64_t region(PageNumber page) const noexcept {
    return static_cast<std::uint64_t>(page) >> leaf_bits_;
  }
  [[nodiscard]] std::uint64_t leaf_index(PageNumber page) const noexcept {
    return static_cast<std::uint64_t>(page) & leaf_mask_;
  }
  /// Where a page's leaf table is remembered, if it is.
  [[nodiscard]] Structure& structure_of(PageNumber page) noexcept {
    return structures_[region(page) % kStructures];
  }
  /// The lowest entry of an address; its leaf table is remembered from then on.
  [[nodiscard]] PageTable::Lowest find_leaf(VirtAddr at) noexcept;

  const PageTable& tables_;
  Tlb& tlb_;
  TlbContext context_;
  unsigned page_shift_;
  std::uint64_t offset_mask_;
  Entry address_mask_;
  EntryBit present_;
  EntryBit key_;  ///< the one that data can be had with; no bits: keys are not asked for
  Demand demands_[3] = {};
  bool aborts_;             ///< arm64
  bool has_no_execute_;     ///< entries can forbid execution
  std::uint64_t user_end_;  ///< see Geometry
  unsigned leaf_bits_;
  std::uint64_t leaf_mask_;  ///< entries of a leaf table, less one
  Structure structures_[kStructures];
};

}  // namespace pagesim::hardware
