// Programs' mistakes, by name: each makes the C library stop the process with one known message.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace misuse {

struct Mistake {
  const char* name;
  const char* message;  ///< what is said on standard error, without the newline
  void (*make)();       ///< returns only if the mistake went unnoticed
};

[[nodiscard]] std::span<const Mistake> mistakes_of_free();
[[nodiscard]] std::span<const Mistake> mistakes_of_links();
[[nodiscard]] std::span<const Mistake> mistakes_of_malloc();
[[nodiscard]] std::span<const Mistake> mistakes_of_lists();
[[nodiscard]] std::span<const Mistake> mistakes_of_others();

/// A block's address as words: [-2] is the chunk's prev_size, [-1] its size and flags, [0] fd or
/// next, [1] bk or the cache's key, [2] and [3] fd_nextsize and bk_nextsize.
using Block = volatile std::uint64_t*;

inline constexpr std::size_t kCached = 0x88;   ///< a block that thread caches and fastbins hold
inline constexpr std::size_t kSmall = 0x3e8;   ///< one that a thread cache and a small bin hold
inline constexpr std::size_t kMedium = 0x500;  ///< one that no thread cache holds
inline constexpr std::size_t kMapped = 0x40000;
inline constexpr int kCacheDepth = 7;

/// malloc, calloc, free and realloc, as functions the compiler knows nothing about.
[[nodiscard]] Block get(std::size_t n);
[[nodiscard]] Block get_zeroed(std::size_t n);
void put(Block block);
void resize(Block block, std::size_t n);
/// A medium block that keeps its upper neighbour from merging with what lies below it.
void guard();
/// Fills the thread's cache for blocks of n bytes.
void fill_cache(std::size_t n);
/// The block `at` bytes further.
[[nodiscard]] Block beyond(Block block, std::ptrdiff_t at);
/// The block that lies right above.
[[nodiscard]] Block above(Block block);
/// What a cached or fastbin block at `block` stores to point to `target`.
[[nodiscard]] std::uint64_t mangled(Block block, std::uint64_t target);
[[nodiscard]] std::uint64_t address(Block block);
[[nodiscard]] Block at_address(std::uint64_t raw);
/// Two blocks of n bytes in one fastbin, the second at its head; the thread's cache is full of
/// such.
struct FastPair {
  Block first;
  Block head;
};
[[nodiscard]] FastPair fast_pair(std::size_t n);

}  // namespace misuse
