// What a heap's reader must be told of a process, besides its memory.
#pragma once

#include <vector>

#include "allocator/walk.h"
#include "tools/heap/picture.h"

namespace tools::heap {

/// Memory mapped privately, backed by no file: [begin, end).
struct Area {
  VirtAddr begin;
  VirtAddr end;
};

struct Surroundings {
  bool initialized = false;
  allocator::HeapRoots roots;
  Thresholds thresholds;
  std::vector<VirtAddr> caches;  ///< the threads' cache blocks, their user addresses
  std::vector<Area> areas;       ///< by address; mmapped chunks are looked for there
};

/// The thresholds of a process under this project's allocator, or simulated.
template <allocator::ReadableMemory M>
[[nodiscard]] Thresholds own_thresholds(M m) {
  using Params = allocator::Params<M>;
  const Params par{m};
  return {.mmap_threshold = par[Params::kMmapThreshold],
          .trim_threshold = par[Params::kTrimThreshold],
          .top_pad = par[Params::kTopPad],
          .max_fast = par[Params::kMaxFast],
          .tcache_count = par[Params::kTcacheCount],
          .n_mmaps = par[Params::kMmaps],
          .mmapped_mem = par[Params::kMmappedMem]};
}

/// All but caches and areas, of a process under this project's allocator, or simulated.
template <class Policy, allocator::ReadableMemory M>
[[nodiscard]] Surroundings own_surroundings(M m) {
  Surroundings around;
  using Params = allocator::Params<M>;
  around.initialized = Params{m}[Params::kInitialized] != 0;
  if (!around.initialized) return around;
  around.roots = allocator::heap_roots<Policy>(m);
  around.thresholds = own_thresholds(m);
  return around;
}

}  // namespace tools::heap
