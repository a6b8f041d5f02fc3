// HeapPicture: what lies in a process's heaps, chunk by chunk and list by list, at one moment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "allocator/check.h"
#include "pagesim/address.h"

namespace tools::heap {

using allocator::ListKind;
using pagesim::VirtAddr;

enum class ChunkState : std::uint8_t {
  InUse,        ///< the program's
  CacheBlock,   ///< the allocator's own: it holds a thread's cache
  ThreadCache,  ///< free, in a thread's cache
  Depot,        ///< free, in an arena's depot (libfaultline.so)
  Fast,         ///< free, in a fastbin
  Unsorted,
  Small,
  Large,
  Unlisted,  ///< free as its neighbour says, and in no list: part of a broken heap
  Top,
  Fence,    ///< no memory: the heap ends, or memory of somebody else begins
  Mmapped,  ///< in use, a mapping of its own
  Broken    ///< its header cannot be one; nothing behind it is known
};
inline constexpr std::size_t kChunkStates = static_cast<std::size_t>(ChunkState::Broken) + 1;

/// "in use", "thread cache", "fast bin", "top", ...
[[nodiscard]] std::string_view to_string(ChunkState state) noexcept;
/// "thread cache", "depot", "fast", "unsorted", "small", "large".
[[nodiscard]] std::string_view to_string(ListKind kind) noexcept;
/// Memory that malloc could hand out: in a cache, a depot, a list, or top.
[[nodiscard]] bool is_free(ChunkState state) noexcept;

/// A chunk of a region. Its bytes are [at, at + size); of a fence 16, of a broken one none.
struct Chunk {
  VirtAddr at;
  std::uint64_t size = 0;  ///< header included, flags not
  std::uint8_t flags = 0;  ///< of the size word: allocator::kPrevInuse, kIsMmapped, kNonMainArena
  ChunkState state = ChunkState::InUse;
  std::uint8_t number = 0;  ///< of its list: the bin, or the class of a cache, depot or fastbin

  [[nodiscard]] VirtAddr user() const noexcept { return at + allocator::kChunkHeader; }
  [[nodiscard]] VirtAddr end() const noexcept { return at + size; }
};

/// Chunks in the order of their addresses; each begins where the one before it ends. The last one
/// is a top, a fence, or broken; of a mapped region its only one.
struct Region {
  std::size_t arena = 0;  ///< index into HeapPicture::arenas; a mapped region's is the main one
  VirtAddr owner;         ///< that arena's record
  bool mapped = false;    ///< one mmapped chunk; begin is the mapping's, before the chunk's
  bool searched = false;  ///< its first chunk was found by trying, behind somebody else's memory
  VirtAddr begin;
  VirtAddr end;
  std::vector<Chunk> chunks{};
};

/// Free chunks that are linked, from the list's head, or its sentinel's fd, on.
struct List {
  ListKind kind = ListKind::Fast;
  std::size_t number = 0;  ///< of the bin, or of the class in a cache, a depot, or the fastbins
  VirtAddr owner;          ///< the arena's record, or the thread's cache block
  std::vector<VirtAddr> chunks{};
};

struct ArenaPicture {
  VirtAddr at;  ///< of its record
  VirtAddr top;
  VirtAddr last_remainder;  ///< null: none
  bool contiguous = false;
  bool have_fast = false;
  std::uint64_t system_mem = 0;  ///< bytes got from the kernel
  std::uint64_t max_system_mem = 0;
  std::uint64_t attached = 0;  ///< threads
};

/// The process's parameters; absent: not known of this process.
struct Thresholds {
  std::optional<std::uint64_t> mmap_threshold;
  std::optional<std::uint64_t> trim_threshold;
  std::optional<std::uint64_t> top_pad;
  std::optional<std::uint64_t> max_fast;  ///< the largest chunk put in fastbins
  std::optional<std::uint64_t> tcache_count;
  std::optional<std::uint64_t> n_mmaps;      ///< mmapped chunks there are
  std::optional<std::uint64_t> mmapped_mem;  ///< their bytes
};

/// The first rule of a whole heap (allocator/check.h) that does not hold, and where.
struct BrokenRule {
  std::string rule;
  VirtAddr at;
};

struct HeapPicture {
  bool initialized = false;          ///< malloc was called; else nothing follows
  std::vector<ArenaPicture> arenas;  ///< the main one first, then in the order of their ring
  std::vector<Region> regions;       ///< by address; none overlap
  std::vector<List> lists;           ///< those that are not empty
  std::vector<VirtAddr> caches;      ///< the threads' cache blocks, their user addresses
  Thresholds thresholds;
  std::optional<BrokenRule> broken;

  /// The chunk that the byte lies in; null: none known.
  [[nodiscard]] const Chunk* chunk_at(VirtAddr byte) const noexcept;
  /// The region that the byte lies in; null: none.
  [[nodiscard]] const Region* region_at(VirtAddr byte) const noexcept;
};

}  // namespace tools::heap
