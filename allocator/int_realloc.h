// Resizing: in place when the neighbour above allows it, by copying when not (section 13.3).
#pragma once

#include "allocator/core.h"

namespace allocator {

/// The user pointer of p grown or shrunk to nb; null without memory, p then stands as it was.
template <MemoryBackend M, class Policy>
VirtAddr Core<M, Policy>::int_realloc(Arena av, Chunk p, ChunkSize nb) {
  const M m = av.memory();
  const std::uint64_t head = p.head();
  ChunkSize size = p.size();
  if (head <= kChunkHeader || bytes(size) >= av.system_mem()) {
    m.die("realloc(): invalid old size");
  }
  const Chunk next = p.after(size);
  const ChunkSize next_size = next.size();
  if (next.head() <= kChunkHeader || bytes(next_size) >= av.system_mem()) {
    m.die("realloc(): invalid next size");
  }
  if (size < nb) {
    if (next == av.top() && bytes(size + next_size) >= bytes(nb) + kMinSize) {
      note(m, Decision::ReallocTop, bytes(size), bytes(next_size), bytes(nb));
      p.set_head_size(nb);
      const Chunk top = p.after(nb);
      av.set_top(top);
      top.set_top_head(size + next_size - nb);
      return p.user();
    }
    if (next == av.top() || next.inuse(next_size) || size + next_size < nb) {
      note(m, Decision::ReallocElsewhere, bytes(size), bytes(nb));
      return realloc_elsewhere(av, p, nb);
    }
    note(m, Decision::ReallocNext, next.at().raw(), bytes(next_size), bytes(nb));
    size = size + next_size;
    unlink_chunk(next);
  } else {
    note(m, Decision::ReallocFits, bytes(size), bytes(nb));
  }
  trim_chunk(av, p, size, nb);
  return p.user();
}

/// A new chunk for p's data. One that happens to lie right behind p is joined to it instead.
template <MemoryBackend M, class Policy>
VirtAddr Core<M, Policy>::realloc_elsewhere(Arena av, Chunk p, ChunkSize nb) {
  const M m = av.memory();
  const ChunkSize size = p.size();
  const VirtAddr user = int_malloc(av, bytes(nb) - (kAlignment - 1));
  if (user.is_null()) return user;
  const Chunk got = Chunk::of_user(m, user);
  if (got == p.after(size)) {
    note(m, Decision::ReallocJoined, got.at().raw());
    trim_chunk(av, p, size + got.size(), nb);
    return p.user();
  }
  note(m, Decision::ReallocCopied, got.at().raw(), bytes(size) - kWord);
  m.copy(user, p.user(), bytes(size) - kWord, tag(Writer::ReallocCopy));
  int_free(av, p, Lock::Held);
  return user;
}

/// p has `size` bytes now: keeps nb of them, and frees the rest if it can be a chunk.
template <MemoryBackend M, class Policy>
void Core<M, Policy>::trim_chunk(Arena av, Chunk p, ChunkSize size, ChunkSize nb) {
  const ChunkSize rest = size - nb;
  if (bytes(rest) < kMinSize) {
    p.set_head_size(size);
    p.after(size).set_prev_inuse();
    return;
  }
  const Chunk remainder = p.after(nb);
  note(av.memory(), Decision::ReallocRest, remainder.at().raw(), bytes(rest));
  p.set_head_size(nb);
  remainder.set_head(rest, kPrevInuse | av.flag());
  remainder.after(rest).set_prev_inuse();
  int_free(av, remainder, Lock::Held);
}

}  // namespace allocator
