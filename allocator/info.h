// What malloc_info tells of an arena: its free chunks by size (spec/ptmalloc section 13.10).
#pragma once

#include <array>
#include <cstddef>

#include "allocator/arena.h"
#include "allocator/heap_record.h"

namespace allocator {

/// The free chunks of one fastbin or bin. Bins count the raw size word, flags included, as glibc.
struct SizeClass {
  std::size_t from = 0;
  std::size_t to = 0;
  std::size_t total = 0;
  std::size_t count = 0;
};

struct ArenaInfo {
  std::array<SizeClass, kFastbins> fast{};
  std::array<SizeClass, kBins> bins{};  ///< by index; kUnsorted is the unsorted list
  SizeClass fast_total;                 ///< count and total only, as the two below
  SizeClass rest;                       ///< bins and top
  std::size_t system_mem = 0;
  std::size_t max_system_mem = 0;
  std::size_t aspace = 0;           ///< bytes of its heaps; main: system_mem
  std::size_t aspace_mprotect = 0;  ///< of these, made accessible; main: system_mem
  std::size_t heaps = 0;            ///< 0 in the main arena
};

template <MemoryBackend M>
void count_fastbins(Arena<M> av, ArenaInfo& info) {
  for (std::size_t i = 0; i < kFastbins; ++i) {
    SizeClass& row = info.fast[i];
    for (Chunk<M> p = av.fastbin(i); !p.is_null(); p = p.fast_next()) {
      if (!p.at().is_aligned(kAlignment)) {
        av.memory().die("__malloc_info(): unaligned fastbin chunk detected");
      }
      row.to = bytes(p.size());
      ++row.count;
    }
    if (row.count == 0) continue;
    row.from = row.to - (kAlignment - 1);
    row.total = row.count * row.to;
    info.fast_total.count += row.count;
    info.fast_total.total += row.total;
  }
}

template <MemoryBackend M>
void count_bins(Arena<M> av, ArenaInfo& info) {
  for (std::size_t i = kUnsorted; i < kBins - 1; ++i) {
    SizeClass& row = info.bins[i];
    const Chunk<M> bin = av.bin(i);
    for (Chunk<M> p = bin.fd(); p != bin; p = p.fd()) {
      const std::size_t head = p.head();
      if (row.count == 0 || head < row.from) row.from = head;
      if (head > row.to) row.to = head;
      ++row.count;
      row.total += head;
    }
    info.rest.count += row.count;
    info.rest.total += row.total;
  }
}

/// Heaps of av, whose top lies in the youngest one of `heap_bytes`, its reservation and alignment.
template <MemoryBackend M>
void count_heaps(Arena<M> av, std::size_t heap_bytes, ArenaInfo& info) {
  Heap<M> heap{av.memory(), av.top().at().align_down(heap_bytes)};
  for (; !heap.is_null(); heap = heap.prev()) {
    info.aspace += heap.size();
    info.aspace_mprotect += heap.mprotect_size();
    ++info.heaps;
  }
}

/// The caller holds av's lock.
template <MemoryBackend M>
void collect_info(Arena<M> av, std::size_t heap_bytes, ArenaInfo& info) {
  info.rest.count = 1;
  info.rest.total = bytes(av.top().top_size());
  count_fastbins(av, info);
  count_bins(av, info);
  info.system_mem = av.system_mem();
  info.max_system_mem = av[Arena<M>::kMaxSystemMem];
  if (av.is_main()) {
    info.aspace = info.aspace_mprotect = info.system_mem;
  } else {
    count_heaps(av, heap_bytes, info);
  }
}

}  // namespace allocator
