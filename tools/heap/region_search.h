// Where a region of the main arena begins that lies behind memory of somebody else.
#pragma once

#include <algorithm>
#include <vector>

#include "tools/heap/surroundings.h"

namespace tools::heap {

/// The lowest byte that a region with a chunk at `chunk` could begin at: where its area begins, or
/// the region below it ends.
[[nodiscard]] inline VirtAddr lowest_start(const std::vector<Area>& areas,
                                           const std::vector<Region>& regions, VirtAddr chunk) {
  VirtAddr lowest = chunk;
  for (const Area& area : areas) {
    if (area.begin <= chunk && chunk < area.end) lowest = area.begin;
  }
  for (const Region& region : regions) {
    if (region.end <= chunk && region.end > lowest) lowest = region.end;
  }
  return lowest.align_up(allocator::kAlignment);
}

/// Whether the chunk has a size and flags that one of the main arena can have, and ends by `end`.
template <allocator::ReadableMemory M>
[[nodiscard]] bool may_be_chunk(allocator::Chunk<M> p, VirtAddr end) {
  const std::size_t size = bytes(p.size());
  return size >= allocator::kMinSize && size % allocator::kAlignment == 0 && size <= end - p.at() &&
         (p.head() & (allocator::kIsMmapped | allocator::kNonMainArena)) == 0;
}
/// Whether the two fences that end a region of the main arena lie here.
template <allocator::ReadableMemory M>
[[nodiscard]] bool are_fences(allocator::Chunk<M> p) {
  using allocator::kChunkHeader;
  const allocator::Chunk<M> second = p.after(allocator::ChunkSize::of(kChunkHeader));
  return (p.head() & ~allocator::kPrevInuse) == kChunkHeader &&
         second.head() == (kChunkHeader | allocator::kPrevInuse);
}

/// No record says where the first chunk lies, but from there chunk follows chunk up to `chunk`, one
/// that is known, or up to fences: the lowest address in [lowest, chunk] of which that is true.
/// Each address is tried at most once, since what a failed attempt passed fails too.
template <allocator::ReadableMemory M>
[[nodiscard]] VirtAddr find_first_chunk(M m, VirtAddr lowest, VirtAddr chunk) {
  using allocator::kAlignment;
  std::vector<bool> failed((chunk - lowest) / kAlignment, false);
  for (VirtAddr start = lowest; start < chunk; start += kAlignment) {
    if (!allocator::Chunk<M>{m, start}.prev_inuse()) continue;
    for (VirtAddr at = start; !failed[(at - lowest) / kAlignment];) {
      failed[(at - lowest) / kAlignment] = true;
      const allocator::Chunk<M> p{m, at};
      if (at != start && are_fences(p)) return start;
      if (!may_be_chunk(p, chunk)) break;
      at += bytes(p.size());
      if (at == chunk) return start;
    }
  }
  return chunk;
}

}  // namespace tools::heap
