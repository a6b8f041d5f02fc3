// Chunks that are mappings of their own: made, moved and given back (sections 10.1, 12, 13.3).
#pragma once

#include <sys/mman.h>

#include "allocator/core.h"

namespace allocator {

/// Maps a chunk of its own for nb, in pages of `page` bytes; null when refused.
template <MemoryBackend M, class Policy>
auto Core<M, Policy>::sysmalloc_mmap(M m, ChunkSize nb, std::size_t page, int huge_flags) -> Chunk {
  const Chunk none{m, VirtAddr{}};
  const std::size_t size = align_up(bytes(nb) + kWord, page);
  if (size <= bytes(nb)) return none;
  const VirtAddr at =
      m.mmap(VirtAddr{}, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | huge_flags);
  if (at.is_null()) return none;
  if (huge_flags == 0) madvise_thp(m, at, size);
  const Chunk p{m, at};
  note(m, Decision::Mmapped, at.raw(), size);
  p.set_prev_size(0);
  p.set_head(ChunkSize::of(size), kIsMmapped);
  count_mapping(m, 1, size);
  return p;
}

/// sysmalloc_mmap with huge pages when they are asked for and large enough, else with plain ones.
template <MemoryBackend M, class Policy>
auto Core<M, Policy>::try_mmap(Arena av, ChunkSize nb) -> Chunk {
  const M m = av.memory();
  const Params par{m};
  const std::size_t huge = par[Params::kHugeSize];
  if (huge > 0 && bytes(nb) >= huge) {
    const int flags = static_cast<int>(par[Params::kHugeFlags]);
    if (const Chunk p = sysmalloc_mmap(m, nb, huge, flags); !p.is_null()) return p;
  }
  return sysmalloc_mmap(m, nb, m.page_size(), 0);
}

/// n_mmaps and mmapped_mem grow (modulo 2^64), and with them the most there ever was. Mappings are
/// made and freed under no arena's lock, so the counters have their own.
template <MemoryBackend M, class Policy>
void Core<M, Policy>::count_mapping(M m, std::uint64_t count, std::uint64_t bytes) {
  const Params par{m};
  const bool shared = !m.single_threaded();
  if (shared) m.lock(par.mmap_lock());
  par.add(Params::kMmaps, count);
  par.add(Params::kMmappedMem, bytes);
  if (par[Params::kMmaps] > par[Params::kMaxMmaps]) {
    par.put(Params::kMaxMmaps, par[Params::kMmaps]);
  }
  if (par[Params::kMmappedMem] > par[Params::kMaxMmappedMem]) {
    par.put(Params::kMaxMmappedMem, par[Params::kMmappedMem]);
  }
  if (shared) m.unlock(par.mmap_lock());
}

template <MemoryBackend M, class Policy>
void Core<M, Policy>::check_mapping(Chunk p, VirtAddr start, std::size_t total,
                                    const char* message) {
  const std::size_t page = p.memory().page_size();
  const std::size_t within = p.user().raw() % page;
  const bool power_of_two = (within & (within - 1)) == 0;
  if (!start.is_aligned(page) || total % page != 0 || !power_of_two) p.memory().die(message);
}

template <MemoryBackend M, class Policy>
void Core<M, Policy>::munmap_chunk(Chunk p) {
  const std::size_t below = p.prev_size();
  const VirtAddr start = p.at() - below;
  const std::size_t total = below + bytes(p.size());
  note(p.memory(), Decision::FreeMapping, start.raw(), total);
  check_mapping(p, start, total, "munmap_chunk(): invalid pointer");
  count_mapping(p.memory(), static_cast<std::uint64_t>(-1), -total);
  p.memory().munmap(start, total);
}

/// Resizes p's mapping for nb; null when the kernel refuses.
template <MemoryBackend M, class Policy>
auto Core<M, Policy>::mremap_chunk(Chunk p, ChunkSize nb) -> Chunk {
  const M m = p.memory();
  const std::size_t below = p.prev_size();
  const VirtAddr start = p.at() - below;
  const std::size_t total = below + bytes(p.size());
  check_mapping(p, start, total, "mremap_chunk(): invalid pointer");
  const std::size_t wanted = align_up(bytes(nb) + below + kWord, m.page_size());
  note(m, Decision::ReallocMapping, start.raw(), total, wanted);
  if (wanted == total) return p;
  const VirtAddr moved = m.mremap(start, total, wanted);
  if (moved.is_null()) return {m, moved};
  madvise_thp(m, moved, wanted);
  const Chunk now{m, moved + below};
  now.set_head(ChunkSize::of(wanted - below), kIsMmapped);
  count_mapping(m, 0, wanted - total);
  return now;
}

}  // namespace allocator
