// What a random program is like: which sizes, which calls, in which order it frees.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/truth/random.h"

namespace truth {

inline constexpr std::uint64_t kPage = 4096;
inline constexpr std::uint64_t kMiB = 1 << 20;

enum SizeClass { Tiny, Fast, Cached, Large, Big, Mapped, Giant };
inline constexpr std::size_t kSizeClasses = Giant + 1;
enum FreeOrder { Lifo, Fifo, Anywhere };
inline constexpr std::uint64_t kFreeOrders = Anywhere + 1;
enum Call {
  CallMalloc,
  CallCalloc,
  CallRealloc,
  CallMemalign,
  CallFree,
  CallFreeSome,
  CallTrim,
  CallMallopt,
  CallInfo,
  CallSbrk,
  CallBlock,
  CallFailing
};
inline constexpr std::size_t kCalls = CallFailing + 1;

/// What does not change in the course of a trace.
struct Habits {
  std::array<unsigned, kSizeClasses> sizes{};
  std::vector<std::uint64_t> favourites;  ///< sizes asked for again and again; empty: none
  std::uint64_t seam = 131'072;  ///< a size the library is told, or learns, to treat differently
  std::uint64_t seam_once_in = 16;
  std::array<unsigned, kCalls> calls{};
  std::uint64_t free_order = Anywhere;
  std::uint64_t max_alignment = kPage;
  bool unaligned_sbrk = false;
  bool perturbs = false;
  std::uint64_t address_space = 0;  ///< RLIMIT_AS; 0: as it is
  bool never_maps = false;          ///< M_MMAP_MAX 0: everything from the break
};

[[nodiscard]] Habits draw_habits(Random& random);
/// A size such a program asks for.
[[nodiscard]] std::uint64_t draw_size(const Habits& habits, Random& random);
/// A value of GLIBC_TUNABLES, or nothing.
[[nodiscard]] std::string draw_tunables(const Habits& habits, bool huge_pages, Random& random);

}  // namespace truth
