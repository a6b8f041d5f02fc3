// What mallinfo2 tells: the arenas walked and added up (spec/ptmalloc section 13.8).
#pragma once

#include <cstddef>

#include "allocator/arena.h"
#include "allocator/params.h"

namespace allocator {

/// The fields of struct mallinfo2, bytes and counts; chunks in thread caches count as in use.
struct Mallinfo2 {
  std::size_t arena = 0;     ///< bytes got from the kernel, mappings aside
  std::size_t ordblks = 0;   ///< free chunks, top included
  std::size_t smblks = 0;    ///< fastbin chunks
  std::size_t hblks = 0;     ///< mmapped chunks
  std::size_t hblkhd = 0;    ///< bytes of mmapped chunks
  std::size_t usmblks = 0;   ///< always 0
  std::size_t fsmblks = 0;   ///< bytes of fastbin chunks
  std::size_t uordblks = 0;  ///< bytes in use
  std::size_t fordblks = 0;  ///< bytes free
  std::size_t keepcost = 0;  ///< bytes of the main arena's top
};

template <MemoryBackend M>
void add_fastbins(Arena<M> av, Mallinfo2& sum) {
  for (std::size_t i = 0; i < kFastbins; ++i) {
    for (Chunk<M> p = av.fastbin(i); !p.is_null(); p = p.fast_next()) {
      if (!p.at().is_aligned(kAlignment)) {
        av.memory().die("int_mallinfo(): unaligned fastbin chunk detected");
      }
      ++sum.smblks;
      sum.fsmblks += bytes(p.size());
      sum.fordblks += bytes(p.size());
    }
  }
}

template <MemoryBackend M>
void add_arena(Arena<M> av, Mallinfo2& sum) {
  const std::size_t top = bytes(av.top().top_size());
  const std::size_t free_before = sum.fordblks;
  sum.arena += av.system_mem();
  ++sum.ordblks;
  sum.fordblks += top;
  add_fastbins(av, sum);
  for (std::size_t i = 1; i < kBins - 1; ++i) {
    const Chunk<M> bin = av.bin(i);
    for (Chunk<M> p = bin.bk(); p != bin; p = p.bk()) {
      ++sum.ordblks;
      sum.fordblks += bytes(p.size());
    }
  }
  sum.uordblks += av.system_mem() - (sum.fordblks - free_before);
  if (av.is_main()) sum.keepcost = top;
}

template <MemoryBackend M>
[[nodiscard]] Mallinfo2 sum_of_arenas(M m) {
  const bool shared = !m.single_threaded();
  const Params<M> par{m};
  Mallinfo2 sum;
  const Arena<M> main = Arena<M>::main(m);
  Arena<M> av = main;
  do {
    if (shared) m.lock(av.lock_word());
    add_arena(av, sum);
    if (shared) m.unlock(av.lock_word());
    av = av.next();
  } while (av != main);
  sum.hblks = par[Params<M>::kMmaps];
  sum.hblkhd = par[Params<M>::kMmappedMem];
  return sum;
}

}  // namespace allocator
