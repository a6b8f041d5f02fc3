// The size classes of the thread cache and the depot.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>

#include "allocator/chunk.h"

namespace allocator {

/// Chunk sizes 32, 48 ... 1040 have a class each; above them every doubling of the request up to 8
/// KiB has 16, so that rounding up costs 3% of a block on average, and requests of 2, 4 and 8 KiB,
/// the most frequent there, nothing.
inline constexpr std::size_t kExactClasses = 64;
inline constexpr std::size_t kStepsOfDoubling = 16;
inline constexpr std::size_t kSizeClasses = kExactClasses + 3 * kStepsOfDoubling;
inline constexpr std::size_t kMaxExact = kMinSize + (kExactClasses - 1) * kAlignment;
inline constexpr std::size_t kMaxClassed = (std::size_t{1} << 13) + kChunkHeader;
/// The largest request that a class serves.
inline constexpr std::size_t kMaxClassedRequest = kMaxClassed - kWord;

/// Where a doubling's classes begin: `width` is the bit width of the requests that follow
/// 2^(width-1).
[[nodiscard]] constexpr std::size_t first_of_doubling(std::size_t width) noexcept {
  constexpr std::size_t kFirstWidth = 11;  // 1025 ... 2048
  return kExactClasses + (width - kFirstWidth) * kStepsOfDoubling;
}
/// The class whose chunks serve a chunk size of at most kMaxClassed: the next one up.
[[nodiscard]] constexpr std::size_t class_serving(ChunkSize size) noexcept {
  const std::size_t n = bytes(size);
  if (n <= kMaxExact) return (n - kMinSize) / kAlignment;
  const std::size_t below = n - kChunkHeader - 1;
  const auto width = static_cast<std::size_t>(std::bit_width(below));
  return first_of_doubling(width) + (below >> (width - 5)) - kStepsOfDoubling;
}
/// The class a chunk of this size, at most kMaxClassed, is kept in: the next one down.
[[nodiscard]] constexpr std::size_t class_keeping(ChunkSize size) noexcept {
  const std::size_t n = bytes(size);
  if (n <= kMaxExact) return (n - kMinSize) / kAlignment;
  const std::size_t request = n - kChunkHeader;
  const auto width = static_cast<std::size_t>(std::bit_width(request));
  return first_of_doubling(width) + (request >> (width - 5)) - kStepsOfDoubling - 1;
}
/// The chunk size that class i is made of.
[[nodiscard]] constexpr ChunkSize class_size(std::size_t i) noexcept {
  if (i < kExactClasses) return ChunkSize::of(kMinSize + i * kAlignment);
  const std::size_t doubling = (i - kExactClasses) / kStepsOfDoubling;
  const std::size_t step = (i - kExactClasses) % kStepsOfDoubling + 1;
  return ChunkSize::of(((kStepsOfDoubling + step) << (doubling + 6)) + kChunkHeader);
}
/// How many chunks of class i a list of so many bytes holds.
[[nodiscard]] constexpr std::uint32_t longest_list(std::size_t i, std::size_t list) noexcept {
  constexpr std::size_t kMost = 64;
  const std::size_t fit = list / bytes(class_size(i));
  return static_cast<std::uint32_t>(std::clamp<std::size_t>(fit, 1, kMost));
}

}  // namespace allocator
