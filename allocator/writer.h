// Who wrote: the names the allocator gives to the tags its accesses carry.
#pragma once

#include <cstdint>
#include <string_view>

#include "pagesim/address.h"

namespace allocator {

/// What an access of the allocator was for. The machine underneath sees only the number.
enum class Writer : std::uint8_t {
  User,         ///< the program itself
  ChunkSize,    ///< a chunk's size word
  PrevSize,     ///< a free chunk's foot
  ListLink,     ///< fd, bk, fd_nextsize, bk_nextsize; the thread cache's and fastbins' next and key
  TopHeader,    ///< the size word of the top chunk
  TcacheBlock,  ///< the thread cache's counts and heads
  ArenaRecord,  ///< malloc_state, malloc_par, heap headers
  CallocClear,  ///< calloc's zeroes
  ReallocCopy,  ///< realloc's copy, source and destination
  Kernel        ///< a system call's copy
};
inline constexpr std::size_t kWriters = static_cast<std::size_t>(Writer::Kernel) + 1;

[[nodiscard]] constexpr pagesim::AccessTag tag(Writer writer) noexcept {
  return pagesim::AccessTag{static_cast<std::uint8_t>(writer)};
}
/// The writer behind a tag; User for a number no writer has.
[[nodiscard]] constexpr Writer writer_of(pagesim::AccessTag tag) noexcept {
  const auto number = static_cast<std::uint8_t>(tag);
  return number < kWriters ? Writer{number} : Writer::User;
}
/// The word of the vocabulary: "chunk_size", "top_header".
[[nodiscard]] constexpr std::string_view to_string(Writer writer) noexcept {
  constexpr std::string_view kNames[kWriters] = {
      "user",         "chunk_size",   "prev_size",    "list_link",    "top_header",
      "tcache_block", "arena_record", "calloc_clear", "realloc_copy", "kernel"};
  return kNames[static_cast<std::size_t>(writer)];
}

}  // namespace allocator
