// Through the heaps chunk by chunk, as far as their headers can be trusted.
#pragma once

#include <cstddef>

#include "allocator/core.h"

namespace allocator {

/// Chunks that lie one behind the other: [begin, end), the last of them an arena's top or a fence.
struct Segment {
  VirtAddr begin;
  VirtAddr end;

  [[nodiscard]] bool contains(VirtAddr at) const noexcept { return begin <= at && at < end; }
};

/// Calls `visit` with each Segment whose first chunk is known: the main heap up to where somebody
/// else first moved the break, and every heap of the other arenas. The caller keeps others out.
template <MemoryBackend M, class Policy, class Visit>
void for_each_segment(M m, Visit visit) {
  using Core = allocator::Core<M, Policy>;
  const Params<M> par{m};
  const Arena<M> main = Arena<M>::main(m);
  const VirtAddr begin = par[Params<M>::kSbrkBase].align_up(kAlignment);
  if (!begin.is_null() && main.top() != main.initial_top()) {
    const Chunk<M> top = main.top();
    const VirtAddr end = top.after(top.top_size()).at();
    if (begin < end) visit(Segment{begin, end});
  }
  for (Arena<M> av = main.next(); av != main; av = av.next()) {
    for (Heap<M> heap = Core::heap_for(av.top()); !heap.is_null(); heap = heap.prev()) {
      const VirtAddr first = heap.at() + Policy::kHeapHeader;
      const bool holds_arena = first == av.at();
      visit(Segment{holds_arena ? (first + Policy::kArenaRecord).align_up(kAlignment) : first,
                    heap.end()});
    }
  }
}

/// Calls `visit` with each chunk of the segment and its size, top last; stops at a fence, at a
/// header that cannot be one, or when `visit` says false.
template <MemoryBackend M, class Visit>
void for_each_chunk(M m, Segment segment, Visit visit) {
  for (Chunk<M> p{m, segment.begin}; p.at() < segment.end;) {
    const std::size_t size = bytes(p.size());
    if (size < kMinSize || size % kAlignment != 0 || size > segment.end - p.at()) return;
    if (!visit(p, size)) return;
    p = p.after(ChunkSize::of(size));
  }
}

}  // namespace allocator
