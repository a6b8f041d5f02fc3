// Tlb: the translation caches of a processor, and whose translations they hold.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "pagesim/address.h"
#include "pagesim/hardware/tlb_array.h"
#include "pagesim/ledger.h"

namespace pagesim::hardware {

/// What translation hardware has done so far, for all address spaces.
struct TlbCounters {
  std::uint64_t hits = 0;          ///< in the first level
  std::uint64_t second_hits = 0;   ///< in the second, where there is one
  std::uint64_t misses = 0;        ///< in all of them: walks
  std::uint64_t rechecks = 0;      ///< hits whose permission did not suffice: walked again
  std::uint64_t switches = 0;      ///< from one address space to another
  std::uint64_t asid_flushes = 0;  ///< an address space lost its number to another

  [[nodiscard]] std::uint64_t walks() const noexcept { return misses + rechecks; }
  friend bool operator==(const TlbCounters&, const TlbCounters&) = default;
};

/// A translation as it was cached: `entry` maps the page of this level, cut down to it.
struct CachedTranslation {
  VirtAddr page;
  unsigned level = 0;
  Entry entry = 0;
};

/// An address space as the processor knows it. While another one runs it asks empty arrays, so that
/// its next access notices.
struct TlbContext {
  std::array<TlbArray*, 3> first{};  ///< by kind of access: what the usual access asks
  bool direct = false;               ///< it runs, and what those do not have is walked for
  bool has_asid = false;
  std::uint64_t asid = 0;  ///< in the bits of a tag above the page number
};

/// All arrays of one processor. Address spaces take turns on it; each gets a number (ASID, PCID),
/// and when there are no more, one that had it loses it and its translations.
class Tlb {
 public:
  Tlb(const TlbGeometry& geometry, const Geometry& addresses);

  TlbCounters counters;

  /// For an address space that has never run.
  [[nodiscard]] TlbContext context() noexcept { return {{&nothing_, &nothing_, &nothing_}}; }
  /// The address space runs from now on.
  void run(TlbContext& context);
  [[nodiscard]] bool is_running(const TlbContext& context) const noexcept {
    return running_ == &context;
  }
  /// The address space ends.
  void forget(TlbContext& context);

  struct Found {
    TlbArray::Slot* slot = nullptr;
    unsigned level = 0;   ///< of the page
    bool second = false;  ///< not in the first level
  };
  [[nodiscard]] Found find(const TlbContext& context, VirtAddr at, Access access) noexcept;
  /// Caches what a walk found at `level`: in the first level, and in the second unless it came from
  /// there.
  void fill(const TlbContext& context, VirtAddr at, Access access, Entry entry, unsigned level,
            bool to_second) noexcept;

  /// Drops the translations of the address space for any page of [start, end). How many there were;
  /// what they were goes to `dropped`.
  std::size_t flush(const TlbContext& context, VirtAddr start, VirtAddr end,
                    std::vector<CachedTranslation>* dropped = nullptr);
  std::size_t flush_all(const TlbContext& context,
                        std::vector<CachedTranslation>* dropped = nullptr) {
    return flush(context, VirtAddr{}, kEnd, dropped);
  }
  /// Everything cached of an address space.
  [[nodiscard]] std::vector<CachedTranslation> cached(const TlbContext& context) const;

  /// The part of an entry of `level` that maps the page of a lower level around an address.
  [[nodiscard]] Entry cut(Entry entry, unsigned level, unsigned to, VirtAddr at) const noexcept {
    if (level == to) return entry;
    const std::uint64_t inside = (std::uint64_t{1} << shifts_[level]) - 1;
    const std::uint64_t offset = (std::uint64_t{1} << shifts_[to]) - 1;
    return (entry & ~(address_mask_ & inside)) | (at.raw() & inside & ~offset);
  }

 private:
  /// Page numbers have at most 52 bits; the number of the address space lies above.
  static constexpr unsigned kAsidShift = 52;
  static constexpr VirtAddr kEnd{~std::uint64_t{0}};
  using Arrays = std::vector<TlbArray>;  ///< by page size

  [[nodiscard]] std::uint64_t tag(const TlbContext& context, VirtAddr at,
                                  unsigned level) const noexcept {
    return (at.raw() >> shifts_[level]) | context.asid;
  }
  [[nodiscard]] Arrays& first_level(Access access) noexcept {
    return access == Access::Execute ? instructions_ : data_;
  }
  [[nodiscard]] CachedTranslation translation(const TlbArray::Slot& slot,
                                              unsigned level) const noexcept;
  void insert(Arrays& arrays, const TlbContext& context, VirtAddr at, Entry entry,
              unsigned level) noexcept;
  void give_asid(TlbContext& context);
  void rest(TlbContext& context) noexcept;

  std::array<unsigned, kTlbPageSizes> shifts_{};
  unsigned sizes_;
  Entry address_mask_;
  Arrays data_, instructions_, second_;
  bool has_second_ = false;
  TlbArray nothing_{{1, 0}};
  TlbContext* running_ = nullptr;
  std::vector<TlbContext*> owners_;  ///< by ASID
  std::size_t next_asid_ = 0;
};

}  // namespace pagesim::hardware
