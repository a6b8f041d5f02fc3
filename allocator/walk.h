// Through the heaps chunk by chunk, as far as their headers can be trusted.
#pragma once

#include <cstddef>

#include "allocator/heap_record.h"
#include "allocator/params.h"
#include "allocator/policy.h"

namespace allocator {

/// Where a process's heaps begin and how they are laid out, which no arena's record says.
struct HeapRoots {
  VirtAddr first_chunk;         ///< of the main arena; null: it has no memory
  std::size_t tcache_bins = 0;  ///< in use; of a glibc-style thread cache
  std::size_t heap_max = 0;     ///< bytes reserved for a heap of another arena, and its alignment
};

/// As this project's parameters tell them.
template <class Policy, ReadableMemory M>
[[nodiscard]] HeapRoots heap_roots(M m) {
  const Params<M> par{m};
  const std::size_t huge = par[Params<M>::kHugeSize];
  return {par[Params<M>::kSbrkBase].align_up(kAlignment), par[Params<M>::kTcacheBins],
          huge == 0 ? Policy::kHeapMax : 4 * huge};
}

/// Chunks that lie one behind the other: [begin, end), the last of them an arena's top or a fence.
struct Segment {
  VirtAddr begin;
  VirtAddr end;
  VirtAddr arena;

  [[nodiscard]] bool contains(VirtAddr at) const noexcept { return begin <= at && at < end; }
};

/// Calls `visit` with the Segment of the main arena whose first chunk is known: up to where
/// somebody else first moved the break. It ends there at the latest.
template <ReadableMemory M, class Visit>
void visit_main_segment(M m, VirtAddr begin, Visit visit) {
  const Arena<M> main = Arena<M>::main(m);
  const Chunk<M> top = main.top();
  if (begin.is_null() || top == main.initial_top()) return;
  const VirtAddr most = begin + main.system_mem();
  const bool reaches_top = begin <= top.at() && top.at() < most;
  const VirtAddr end = reaches_top ? top.after(top.top_size()).at() : most;
  if (begin < end) visit(Segment{begin, end, main.at()});
}

/// Calls `visit` with the Segment of each heap of an arena that is not the main one, the newest
/// first, until it says false.
template <class Policy, ReadableMemory M, class Visit>
void for_each_heap_segment(Arena<M> av, std::size_t heap_max, Visit visit) {
  for (Heap<M> heap{av.memory(), av.top().at().align_down(heap_max)}; !heap.is_null();
       heap = heap.prev()) {
    const VirtAddr first = heap.at() + Policy::kHeapHeader;
    const bool holds_arena = first == av.at();
    const VirtAddr begin =
        holds_arena ? (first + Policy::kArenaRecord).align_up(kAlignment) : first;
    if (!visit(heap, Segment{begin, heap.end(), av.at()})) return;
  }
}

/// Calls `visit` with each Segment whose first chunk is known: the main heap up to where somebody
/// else first moved the break, and every heap of the other arenas. The caller keeps others out.
template <ReadableMemory M, class Policy, class Visit>
void for_each_segment(M m, Visit visit) {
  const HeapRoots roots = heap_roots<Policy>(m);
  visit_main_segment(m, roots.first_chunk, visit);
  const Arena<M> main = Arena<M>::main(m);
  for (Arena<M> av = main.next(); av != main; av = av.next()) {
    for_each_heap_segment<Policy>(av, roots.heap_max, [&](Heap<M> /*heap*/, Segment segment) {
      visit(segment);
      return true;
    });
  }
}

/// Calls `visit` with each chunk of the segment and its size, top last; stops at a fence, at a
/// header that cannot be one, or when `visit` says false.
template <ReadableMemory M, class Visit>
void for_each_chunk(M m, Segment segment, Visit visit) {
  for (Chunk<M> p{m, segment.begin}; p.at() < segment.end;) {
    const std::size_t size = bytes(p.size());
    if (size < kMinSize || size % kAlignment != 0 || size > segment.end - p.at()) return;
    if (!visit(p, size)) return;
    p = p.after(ChunkSize::of(size));
  }
}

}  // namespace allocator
