// Sorting the unsorted list: exact fits are taken or stashed, the rest is binned (section 9.4).
#pragma once

#include "allocator/core.h"
#include "allocator/int_malloc.h"

namespace allocator {

template <MemoryBackend M, class Policy>
auto Core<M, Policy>::sort_unsorted(Arena av, ChunkSize nb) -> Chunk {
  const M m = av.memory();
  const Stash stash{m, nb};
  const std::size_t limit = Params{m}[Params::kTcacheUnsortedLimit];
  const Chunk sentinel = av.unsorted();
  bool cached = false;
  unsigned binned = 0;
  for (Chunk v = sentinel.bk(); v != sentinel; v = sentinel.bk()) {
    check_unsorted(av, v);
    if (const Chunk p = split_last_remainder(av, v, nb); !p.is_null()) return p;
    const ChunkSize size = v.size();
    const Chunk bk = v.bk();
    if (bk.fd() != v) m.die("malloc(): corrupted unsorted chunks 3");
    sentinel.set_bk(bk);
    bk.set_fd(sentinel);
    if (size == nb) {
      note(m, Decision::UnsortedFits, v.at().raw(), bytes(size));
      v.after(size).set_prev_inuse();
      if (!av.is_main()) v.set_raw_head(v.head() | kNonMainArena);
      if (!stash.has_room()) return v;
      stash.put(v);
      cached = true;
      continue;
    }
    note(m, size.is_large() ? Decision::LargeBinned : Decision::SmallBinned, v.at().raw(),
         bytes(size), bin_index(size));
    insert_in_bin(av, v, size);
    ++binned;
    if (cached && limit > 0 && binned > limit) return stash.take();
    if (binned >= Policy::kUnsortedPass) {
      note(m, Decision::UnsortedPass, binned);
      break;
    }
  }
  return cached ? stash.take() : Chunk{m, VirtAddr{}};
}

/// Section 17, "unsorted element", in its order.
template <MemoryBackend M, class Policy>
void Core<M, Policy>::check_unsorted(Arena av, Chunk v) {
  const M m = av.memory();
  const std::size_t system_mem = av.system_mem();
  const ChunkSize size = v.size();
  if (bytes(size) <= kChunkHeader || bytes(size) > system_mem) {
    m.die("malloc(): invalid size (unsorted)");
  }
  const Chunk next = v.after(size);
  const std::uint64_t next_head = next.head();
  if (next_head < kChunkHeader || next_head > system_mem) {
    m.die("malloc(): invalid next size (unsorted)");
  }
  if ((next.prev_size() & ~kSizeBits) != bytes(size)) {
    m.die("malloc(): mismatching next->prev_size (unsorted)");
  }
  if (v.bk().fd() != v || v.fd() != av.unsorted()) {
    m.die("malloc(): unsorted double linked list corrupted");
  }
  if ((next_head & kPrevInuse) != 0) m.die("malloc(): invalid next->prev_inuse (unsorted)");
}

/// A small request is cut from the last remainder when that is all there is: runs of small requests
/// lie side by side (section 9.4 b). Null when the rule does not apply.
template <MemoryBackend M, class Policy>
auto Core<M, Policy>::split_last_remainder(Arena av, Chunk v, ChunkSize nb) -> Chunk {
  const Chunk none{av.memory(), VirtAddr{}};
  const Chunk sentinel = av.unsorted();
  if (nb.is_large() || v.bk() != sentinel || v != av.last_remainder()) return none;
  const ChunkSize size = v.size();
  if (bytes(size) <= bytes(nb) + kMinSize) return none;
  note(av.memory(), Decision::UnsortedRemainder, v.at().raw(), bytes(size), bytes(nb));
  const Chunk remainder = v.after(nb);
  const ChunkSize rest = size - nb;
  link_between(sentinel, remainder, sentinel);
  av.set_last_remainder(remainder);
  if (rest.is_large()) remainder.clear_nextsize();
  v.set_head(nb, kPrevInuse | av.flag());
  remainder.set_head(rest, kPrevInuse);
  remainder.set_foot(rest);
  return v;
}

}  // namespace allocator
