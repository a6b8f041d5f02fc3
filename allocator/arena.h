// malloc_state: an arena's record as it lies in M, its lists' sentinels and its bin map.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "allocator/chunk.h"

namespace allocator {

inline constexpr std::size_t kFastbins = 10;  ///< chunk sizes 32, 48, ... 176
inline constexpr std::size_t kBins = 128;     ///< 1 unsorted, 2..63 small, 64..126 large
inline constexpr std::size_t kUnsorted = 1;
inline constexpr std::size_t kArenaBytes = 2200;

/// The record of an arena (section 3): the main one lies in M::globals(), the others behind the
/// header of their first heap.
///
///     +0 lock  +4 flags  +8 have_fast  +16 fastbins[10]  +96 top  +104 last_remainder
///     +112 bins: fd and bk of bins 1..127  +2144 bin map  +2160 next, next_free, attached,
///     system_mem, max_system_mem
///
/// A bin's sentinel is a chunk whose fd and bk are the bin's two words. Before an arena has memory
/// its top is the unsorted list's sentinel, whose size word overlays last_remainder: still null.
template <ReadableMemory M>
class Arena : public RecordView<M> {
  template <class T, std::size_t Offset>
  using Word = typename RecordView<M>::template Word<T, Offset>;

 public:
  using RecordView<M>::RecordView;

  static constexpr typename RecordView<M>::template SharedWord<VirtAddr, 2160> kNext{};
  static constexpr Word<VirtAddr, 2168> kNextFree{};
  static constexpr Word<std::uint64_t, 2176> kAttached{};
  static constexpr Word<std::uint64_t, 2184> kSystemMem{};
  static constexpr Word<std::uint64_t, 2192> kMaxSystemMem{};

  [[nodiscard]] static Arena main(M memory) { return {memory, memory.globals()}; }
  [[nodiscard]] bool is_main() const { return this->at() == this->memory().globals(); }
  /// The N flag of the chunks this arena hands out.
  [[nodiscard]] std::uint64_t flag() const { return is_main() ? 0 : kNonMainArena; }
  [[nodiscard]] VirtAddr lock_word() const noexcept { return this->at(); }

  [[nodiscard]] bool contiguous() const { return this->get(kFlags) == 0; }
  void set_noncontiguous() const { this->set(kFlags, 1); }
  [[nodiscard]] bool have_fast() const { return this->get(kHaveFast) != 0; }
  void set_have_fast(bool have) const { this->set(kHaveFast, have ? 1 : 0); }

  [[nodiscard]] Chunk<M> fastbin(std::size_t i) const { return chunk(this->get(kFastbin, i * 8)); }
  void set_fastbin(std::size_t i, Chunk<M> head) const { this->set(kFastbin, head.at(), i * 8); }
  [[nodiscard]] Chunk<M> top() const { return chunk(this->get(kTop)); }
  void set_top(Chunk<M> top) const { this->set(kTop, top.at()); }
  [[nodiscard]] Chunk<M> initial_top() const { return bin(kUnsorted); }
  [[nodiscard]] Chunk<M> last_remainder() const { return chunk(this->get(kLastRemainder)); }
  void set_last_remainder(Chunk<M> c) const { this->set(kLastRemainder, c.at()); }

  /// The sentinel of bin i, 1 <= i < kBins.
  [[nodiscard]] Chunk<M> bin(std::size_t i) const {
    return chunk(this->at() + (kBinsAt - kChunkHeader + (i - 1) * 16));
  }
  [[nodiscard]] Chunk<M> unsorted() const { return bin(kUnsorted); }

  [[nodiscard]] std::uint32_t binmap(std::size_t word) const { return this->get(kMap, word * 4); }
  void mark_bin(std::size_t i) const { this->set(kMap, binmap(i / 32) | bit(i), i / 32 * 4); }
  void unmark_bin(std::size_t i) const { this->set(kMap, binmap(i / 32) & ~bit(i), i / 32 * 4); }

  [[nodiscard]] std::size_t system_mem() const { return this->get(kSystemMem); }
  [[nodiscard]] Arena next() const { return {this->memory(), this->get(kNext)}; }

  /// Empties the lists of a zeroed record: malloc_init_state.
  void init() const {
    for (std::size_t i = 1; i < kBins; ++i) {
      bin(i).set_fd(bin(i));
      bin(i).set_bk(bin(i));
    }
    set_top(initial_top());
  }

 private:
  static constexpr std::size_t kBinsAt = 112;
  static constexpr Word<std::uint32_t, 4> kFlags{};
  static constexpr Word<std::uint32_t, 8> kHaveFast{};
  static constexpr Word<VirtAddr, 16> kFastbin{};
  static constexpr Word<VirtAddr, 96> kTop{};
  static constexpr Word<VirtAddr, 104> kLastRemainder{};
  static constexpr Word<std::uint32_t, 2144> kMap{};

  [[nodiscard]] static constexpr std::uint32_t bit(std::size_t i) noexcept {
    return std::uint32_t{1} << (i % 32);
  }
  [[nodiscard]] Chunk<M> chunk(VirtAddr at) const noexcept { return {this->memory(), at}; }
};

}  // namespace allocator
