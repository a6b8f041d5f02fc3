// A chunk: the unit of memory the allocator hands out, and its header as it lies in memory.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

#include "allocator/view.h"

namespace allocator {

inline constexpr std::size_t kWord = 8;          ///< SIZE_SZ
inline constexpr std::size_t kAlignment = 16;    ///< MALLOC_ALIGNMENT
inline constexpr std::size_t kChunkHeader = 16;  ///< CHUNK_HDR_SZ: chunk start to user pointer
inline constexpr std::size_t kMinSize = 32;      ///< MINSIZE
inline constexpr std::size_t kMinLarge = 1024;   ///< first size of a large bin
inline constexpr std::size_t kMaxRequest = std::numeric_limits<std::ptrdiff_t>::max();

inline constexpr std::uint64_t kPrevInuse = 1;
inline constexpr std::uint64_t kIsMmapped = 2;
inline constexpr std::uint64_t kNonMainArena = 4;
inline constexpr std::uint64_t kSizeBits = kPrevInuse | kIsMmapped | kNonMainArena;

/// Bytes from one chunk to the next: header and padding included. A request becomes one only by
/// request2size(); what is computed from chunks is said to be by of().
class ChunkSize {
 public:
  constexpr ChunkSize() noexcept = default;
  [[nodiscard]] static constexpr ChunkSize of(std::size_t bytes) noexcept {
    return ChunkSize{bytes};
  }
  [[nodiscard]] friend constexpr std::size_t bytes(ChunkSize size) noexcept { return size.bytes_; }
  [[nodiscard]] constexpr bool is_large() const noexcept { return bytes_ >= kMinLarge; }
  friend constexpr auto operator<=>(ChunkSize, ChunkSize) noexcept = default;
  friend constexpr ChunkSize operator+(ChunkSize a, ChunkSize b) noexcept {
    return ChunkSize{a.bytes_ + b.bytes_};
  }
  friend constexpr ChunkSize operator-(ChunkSize a, ChunkSize b) noexcept {
    return ChunkSize{a.bytes_ - b.bytes_};
  }

 private:
  constexpr explicit ChunkSize(std::size_t bytes) noexcept : bytes_{bytes} {}
  std::size_t bytes_ = 0;
};

/// The chunk that serves a request of n <= kMaxRequest bytes (section 2.1).
[[nodiscard]] constexpr ChunkSize padded_size(std::size_t n) noexcept {
  const std::size_t padded = n + kWord + kAlignment - 1;
  return ChunkSize::of(padded < kMinSize ? kMinSize : padded & ~(kAlignment - 1));
}
/// The same for any n; nothing when n > PTRDIFF_MAX.
[[nodiscard]] constexpr std::optional<ChunkSize> request2size(std::size_t n) noexcept {
  if (n > kMaxRequest) return std::nullopt;
  return padded_size(n);
}

/// Section 2.2.
[[nodiscard]] constexpr std::size_t tcache_index(ChunkSize size) noexcept {
  return (bytes(size) - kMinSize + kAlignment - 1) / kAlignment;
}
/// tcache_index(request2size(n)) in three instructions, for n far below overflow.
[[nodiscard]] constexpr std::size_t tcache_index_of(std::size_t n) noexcept {
  constexpr std::size_t kFirst = kMinSize - kWord - kAlignment + 1;  // the last n of no index 0
  return (n < kFirst ? 0 : n - kFirst) / kAlignment;
}
[[nodiscard]] constexpr std::size_t fastbin_index(ChunkSize size) noexcept {
  return bytes(size) / kAlignment - 2;
}

/// Safe-linking: a singly linked list's pointer is stored xored with its own page number.
[[nodiscard]] constexpr VirtAddr protect_ptr(VirtAddr link_at, VirtAddr target) noexcept {
  return VirtAddr{(link_at.raw() >> 12) ^ target.raw()};
}

/// A header is viewed, never copied:
///
///     +0   prev_size   the foot of the chunk below, valid only while that one is free
///     +8   size|flags  P: the chunk below is in use, M: mmapped, N: not of the main arena
///     +16  user data, or fd (of fastbins: mangled)
///     +24  user data, or bk
///     +32  fd_nextsize, +40 bk_nextsize: only of a free large chunk
///     +size            the next chunk
template <ReadableMemory M>
class Chunk : public View<M> {
 public:
  using View<M>::View;

  [[nodiscard]] static Chunk of_user(M memory, VirtAddr user) noexcept {  // mem2chunk
    return {memory, user - kChunkHeader};
  }
  [[nodiscard]] VirtAddr user() const noexcept { return this->at() + kChunkHeader; }  // chunk2mem

  [[nodiscard]] std::uint64_t head() const { return this->get(kHead); }  // size and flags
  [[nodiscard]] ChunkSize size() const { return ChunkSize::of(head() & ~kSizeBits); }
  [[nodiscard]] bool prev_inuse() const { return (head() & kPrevInuse) != 0; }
  [[nodiscard]] bool is_mmapped() const { return (head() & kIsMmapped) != 0; }
  void set_head(ChunkSize size, std::uint64_t flags) const { set_raw_head(bytes(size) | flags); }
  void set_raw_head(std::uint64_t word) const { this->set(kHead, word); }
  /// The size changes, the flags stay.
  void set_head_size(ChunkSize size) const { set_raw_head(bytes(size) | (head() & kSizeBits)); }
  void set_prev_inuse() const { set_raw_head(head() | kPrevInuse); }
  void clear_prev_inuse() const { set_raw_head(head() & ~kPrevInuse); }

  /// The size word of an arena's last chunk.
  [[nodiscard]] std::uint64_t top_head() const { return this->get(kTopHead); }
  [[nodiscard]] ChunkSize top_size() const { return ChunkSize::of(top_head() & ~kSizeBits); }
  void set_top_head(ChunkSize size) const { this->set(kTopHead, bytes(size) | kPrevInuse); }

  [[nodiscard]] std::size_t prev_size() const { return this->get(kPrevSize); }
  void set_prev_size(std::size_t bytes) const { this->set(kPrevSize, bytes); }
  void set_foot(ChunkSize size) const { after(size).set_prev_size(bytes(size)); }

  [[nodiscard]] Chunk after(ChunkSize size) const noexcept {  // chunk_at_offset
    return {this->memory(), this->at() + bytes(size)};
  }
  [[nodiscard]] Chunk before(std::size_t prev_size) const noexcept {
    return {this->memory(), this->at() - prev_size};
  }
  /// Whether this chunk of `size` bytes is in use, which the chunk after it tells.
  [[nodiscard]] bool inuse(ChunkSize size) const { return after(size).prev_inuse(); }

  [[nodiscard]] Chunk fd() const { return link(this->get(kFd)); }
  [[nodiscard]] Chunk bk() const { return link(this->get(kBk)); }
  [[nodiscard]] Chunk fd_nextsize() const { return link(this->get(kFdNextsize)); }
  [[nodiscard]] Chunk bk_nextsize() const { return link(this->get(kBkNextsize)); }
  void set_fd(Chunk to) const { this->set(kFd, to.at()); }
  void set_bk(Chunk to) const { this->set(kBk, to.at()); }
  void set_fd_nextsize(Chunk to) const { this->set(kFdNextsize, to.at()); }
  void set_bk_nextsize(Chunk to) const { this->set(kBkNextsize, to.at()); }
  void clear_nextsize() const {
    this->set(kFdNextsize, VirtAddr{});
    this->set(kBkNextsize, VirtAddr{});
  }

  /// A fastbin's link, unmangled.
  [[nodiscard]] Chunk fast_next() const { return link(protect_ptr(user(), this->get(kFd))); }
  void set_fast_next(Chunk to) const { this->set(kFd, protect_ptr(user(), to.at())); }

 private:
  static constexpr Field<std::uint64_t, 0, Writer::PrevSize> kPrevSize{};
  static constexpr Field<std::uint64_t, 8, Writer::ChunkSize> kHead{};
  static constexpr Field<std::uint64_t, 8, Writer::TopHeader> kTopHead{};
  static constexpr Field<VirtAddr, 16, Writer::ListLink> kFd{};
  static constexpr Field<VirtAddr, 24, Writer::ListLink> kBk{};
  static constexpr Field<VirtAddr, 32, Writer::ListLink> kFdNextsize{};
  static constexpr Field<VirtAddr, 40, Writer::ListLink> kBkNextsize{};

  [[nodiscard]] Chunk link(VirtAddr to) const noexcept { return {this->memory(), to}; }
};

}  // namespace allocator
