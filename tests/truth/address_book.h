// Which address is which place of a trace: the heap, the mappings and the arenas' heaps of one run.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "tests/truth/malloc_trace.h"

namespace truth {

/// Size and alignment of the heaps of an arena other than the main one.
inline constexpr std::uint64_t kArenaHeapBytes = 64ULL << 20;

/// A system call with this run's own addresses.
struct RawCall {
  SystemCall::Kind kind = SystemCall::Kind::Brk;
  std::uint64_t at = 0;  ///< brk: asked for; mmap: the hint
  std::array<std::uint64_t, 3> arguments{};
  int error = 0;
  std::uint64_t result = 0;  ///< brk: the break afterwards; mmap, mremap: the mapping
};

/// Told of every system call of a run, in order, it turns addresses into places and back.
class AddressBook {
 public:
  /// `base`: the initial program break.
  explicit AddressBook(std::uint64_t base) noexcept : base_{base}, highest_break_{base} {}

  [[nodiscard]] std::uint64_t base() const noexcept { return base_; }

  /// The place of an address as things stand; the newest mapping wins.
  [[nodiscard]] Place name(std::uint64_t address) const;
  /// The address of a place; nothing when it counts from something that does not exist. An
  /// absolute place is moved along with the heap from `absolute_base` to this run's base.
  [[nodiscard]] std::optional<std::uint64_t> find(const Place& place,
                                                  std::uint64_t absolute_base) const;

  /// A call was made. The first mprotect at a 64-MiB boundary is a new heap of an arena.
  void note(const RawCall& call);

  /// mmap calls so far, failed ones included.
  [[nodiscard]] std::uint32_t mappings() const noexcept {
    return static_cast<std::uint32_t>(mappings_.size());
  }

  /// Heaps of other arenas so far, deleted ones included.
  [[nodiscard]] std::uint32_t arenas() const noexcept {
    return static_cast<std::uint32_t>(arenas_.size());
  }

 private:
  void munmap(std::uint64_t at, std::uint64_t length);
  void mremap(std::uint64_t from, std::uint64_t to, std::uint64_t length);
  void mprotect(std::uint64_t at);

  struct Area {
    std::uint64_t start;
    std::uint64_t length;
    bool live;

    [[nodiscard]] bool holds(std::uint64_t address) const noexcept {
      return live && address - start < length;
    }
  };

  std::uint64_t base_;
  std::uint64_t highest_break_;
  std::vector<Area> mappings_;
  std::vector<Area> arenas_;
};

}  // namespace truth
