// TlbArray: a set-associative cache of translations of one page size.
#pragma once

#include <cstdint>
#include <vector>

#include "pagesim/hardware/entry.h"
#include "pagesim/hardware/machine.h"

namespace pagesim::hardware {

/// Caches leaf entries by tag, each set replaced round robin. A tag is a page's number, in pages of
/// the array's size, and above it the address space (see Tlb). What it holds is what a walk would
/// find, except that the kernel may since have changed the entry without asking for a flush.
class TlbArray {
 public:
  explicit TlbArray(const TlbArrayGeometry& geometry);
  TlbArray(TlbArray&&) = default;  // a copy's latest slot would be the other's

  struct Slot {
    std::uint64_t tag = kEmpty;
    Entry entry = 0;
  };
  static constexpr std::uint64_t kEmpty = ~std::uint64_t{0};

  [[nodiscard]] bool exists() const noexcept { return ways_ != 0; }
  [[nodiscard]] Slot* find(std::uint64_t tag) noexcept {
    if (latest_->tag == tag) return latest_;
    Slot* const found = look_up(tag);
    if (found != nullptr) latest_ = found;
    return found;
  }
  /// What find found last: programs stay on a page for a while. It may hold another tag by now.
  [[nodiscard]] const Slot& latest() const noexcept { return *latest_; }
  /// The tag must not be cached yet, and the array must exist.
  void insert(std::uint64_t tag, Entry entry) noexcept {
    const std::uint64_t set = tag & set_mask_;
    const unsigned way = turns_[set];
    turns_[set] = static_cast<std::uint8_t>(way + 1 == ways_ ? 0 : way + 1);
    slots_[set * stride_ + way] = {tag, entry};
    in_use_ = true;
  }
  /// Drops tags first to last, both included, and calls dropped(const Slot&) with each before.
  template <class Dropped>
  void flush_range(std::uint64_t first, std::uint64_t last, Dropped&& dropped) {
    if (!in_use_) return;
    if (last - first <= set_mask_) {
      for (std::uint64_t tag = first; tag <= last; ++tag)
        if (Slot* slot = find(tag)) drop(*slot, dropped);
      return;
    }
    for (Slot& slot : slots_)
      if (slot.tag >= first && slot.tag <= last && slot.tag != kEmpty) drop(slot, dropped);
  }
  [[nodiscard]] const std::vector<Slot>& slots() const noexcept { return slots_; }

 private:
  /// Slots compared in one go; ways that are never filled make each set a multiple of it.
  static constexpr unsigned kStep = 4;

  [[nodiscard]] Slot* look_up(std::uint64_t tag) noexcept {
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
  template <class Dropped>
  static void drop(Slot& slot, Dropped&& dropped) {
    dropped(static_cast<const Slot&>(slot));
    slot = {};
  }

  std::uint64_t set_mask_;
  unsigned ways_;
  std::size_t stride_;  ///< slots of a set
  std::vector<Slot> slots_;
  Slot* latest_;                     ///< the last one found
  std::vector<std::uint8_t> turns_;  ///< of each set: the way to be replaced next
  bool in_use_ = false;              ///< something was inserted once
};

}  // namespace pagesim::hardware
