// Tlb: a set-associative cache of translations with their permissions.
#pragma once

#include <cstdint>
#include <vector>

#include "pagesim/address.h"
#include "pagesim/hardware/entry.h"
#include "pagesim/hardware/machine.h"

namespace pagesim::hardware {

/// Caches leaf entries by page number, each set replaced round robin. What it holds is what a walk
/// would find, except that the kernel may since have changed the entry without asking for a flush.
class Tlb {
 public:
  explicit Tlb(const TlbGeometry& geometry);

  struct Slot {
    std::uint64_t tag = kEmpty;  ///< page number
    Entry entry = 0;             ///< with the frame of this very page, large pages included
  };
  static constexpr std::uint64_t kEmpty = ~std::uint64_t{0};

  [[nodiscard]] Slot* find(PageNumber page) noexcept {
    const auto tag = static_cast<std::uint64_t>(page);
    Slot* slot = &slots_[(tag & set_mask_) * stride_];
    const Slot* const end = slot + stride_;
    do {
      if (slot[0].tag == tag) return slot;
      if (slot[1].tag == tag) return slot + 1;
      if (slot[2].tag == tag) return slot + 2;
      if (slot[3].tag == tag) return slot + 3;
      slot += kStep;
    } while (slot != end);
    return nullptr;
  }
  /// The page must not be cached yet.
  void insert(PageNumber page, Entry entry) noexcept {
    const auto tag = static_cast<std::uint64_t>(page);
    const std::uint64_t set = tag & set_mask_;
    const unsigned way = turns_[set];
    turns_[set] = static_cast<std::uint8_t>(way + 1 == ways_ ? 0 : way + 1);
    slots_[set * stride_ + way] = {tag, entry};
  }
  void flush(PageNumber page) noexcept;
  /// Pages first to last, both included.
  void flush_range(PageNumber first, PageNumber last) noexcept;
  void flush_all() noexcept;
  [[nodiscard]] const std::vector<Slot>& slots() const noexcept { return slots_; }

 private:
  /// Slots compared in one go; a set has ways that are never filled up to a multiple of it.
  static constexpr unsigned kStep = 4;

  std::uint64_t set_mask_;
  unsigned ways_;
  std::size_t stride_;  ///< slots of a set
  std::vector<Slot> slots_;
  std::vector<std::uint8_t> turns_;  ///< of each set: the way to be replaced next
};

}  // namespace pagesim::hardware
