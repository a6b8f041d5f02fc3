// A hash table from addresses to block numbers: the live blocks of a recorded process.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "tools/trace/event.h"

namespace tools::trace {

/// Open addressing with linear probing; at most half full. Address 0 is not a key.
class BlockMap {
 public:
  /// kNoBlock when nothing lives there.
  [[nodiscard]] BlockNumber find(std::uint64_t address) const {
    if (entries_.empty()) return kNoBlock;
    for (std::size_t i = home(address);; i = next(i)) {
      if (entries_[i].address == address) return entries_[i].block;
      if (entries_[i].address == 0) return kNoBlock;
    }
  }

  void put(std::uint64_t address, BlockNumber block) {
    if (2 * (size_ + 1) > entries_.size()) grow();
    std::size_t i = home(address);
    while (entries_[i].address != 0 && entries_[i].address != address) i = next(i);
    if (entries_[i].address == 0) ++size_;
    entries_[i] = {address, block};
  }

  /// The block that lived there, kNoBlock for none.
  BlockNumber take(std::uint64_t address) {
    if (entries_.empty()) return kNoBlock;
    std::size_t i = home(address);
    while (entries_[i].address != address) {
      if (entries_[i].address == 0) return kNoBlock;
      i = next(i);
    }
    const BlockNumber block = entries_[i].block;
    close_gap(i);
    --size_;
    return block;
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  struct Entry {
    std::uint64_t address = 0;
    BlockNumber block = kNoBlock;
  };

  [[nodiscard]] std::size_t home(std::uint64_t address) const {
    constexpr std::uint64_t kGoldenRatio = 0x9e37'79b9'7f4a'7c15;
    return address * kGoldenRatio >> shift_;
  }
  [[nodiscard]] std::size_t next(std::size_t i) const { return (i + 1) & (entries_.size() - 1); }

  /// Moves later entries of the same run back, so that a search never meets a false end.
  void close_gap(std::size_t gap) {
    for (std::size_t i = next(gap); entries_[i].address != 0; i = next(i)) {
      const std::size_t wanted = home(entries_[i].address);
      const std::size_t mask = entries_.size() - 1;
      if (((i - wanted) & mask) < ((i - gap) & mask)) continue;  // its home lies after the gap
      entries_[gap] = entries_[i];
      gap = i;
    }
    entries_[gap] = {};
  }

  void grow() {
    std::vector<Entry> old(entries_.empty() ? 1024 : 2 * entries_.size());
    old.swap(entries_);
    shift_ = 64 - static_cast<unsigned>(std::countr_zero(entries_.size()));
    size_ = 0;
    for (const Entry& entry : old) {
      if (entry.address != 0) put(entry.address, entry.block);
    }
  }

  std::vector<Entry> entries_;
  std::size_t size_ = 0;
  unsigned shift_ = 63;
};

}  // namespace tools::trace
