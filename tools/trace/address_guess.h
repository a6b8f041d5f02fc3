// Guesses where an allocator puts the next block, so that addresses cost little to write down.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "tools/trace/event.h"

namespace tools::trace {

/// Writer and reader of a chunk keep one each and tell it the same things, so a right guess need
/// not be written. It holds what most allocators do: a block freed last is handed out first to the
/// next request of its size, and otherwise blocks follow each other.
class AddressGuess {
 public:
  /// Forgets everything. The next block allocated is `first_block`.
  void begin(BlockNumber first_block) {
    first_block_ = first_block;
    following_ = 0;
    blocks_.clear();
    for (auto& freed : freed_) freed.clear();
  }

  /// The address given back last by a block of this size, if any.
  [[nodiscard]] std::optional<std::uint64_t> reused(std::uint64_t size) const {
    const std::size_t c = size_class(size);
    if (c >= kClasses || freed_[c].empty()) return std::nullopt;
    return freed_[c].back();
  }
  /// Right after the block handed out last.
  [[nodiscard]] std::uint64_t following() const noexcept { return following_; }

  void allocated(std::uint64_t size, std::uint64_t address) {
    const std::size_t c = size_class(size);
    if (reused(size) == address) freed_[c].pop_back();
    following_ = address + c * kUnit;
    blocks_.push_back({address, c});
  }

  /// Blocks of earlier chunks are not known and not remembered.
  void gave_back(BlockNumber block) {
    if (block < first_block_ || block - first_block_ >= blocks_.size()) return;
    const Block& known = blocks_[block - first_block_];
    if (known.size_class < kClasses) freed_[known.size_class].push_back(known.address);
  }

 private:
  static constexpr std::size_t kClasses = 1024;
  static constexpr std::uint64_t kUnit = 16;
  struct Block {
    std::uint64_t address;
    std::size_t size_class;
  };

  /// glibc's chunk sizes: eight bytes of header, sixteen-byte steps, 32 at least.
  static std::size_t size_class(std::uint64_t size) {
    const std::uint64_t units = (size + 8 + kUnit - 1) / kUnit;
    return units < 2 ? 2 : units;
  }

  BlockNumber first_block_ = 1;
  std::uint64_t following_ = 0;
  std::vector<Block> blocks_;
  std::array<std::vector<std::uint64_t>, kClasses> freed_;
};

}  // namespace tools::trace
