// Decisions: what the allocator came by on its way through a call, told to a memory that listens.
#pragma once

#include <cstdint>

#include "allocator/memory.h"

namespace allocator {

/// Behind each: what `a`, `b` and `c` are, in its order. Sizes are of chunks, chunks are named by
/// their addresses.
enum class Decision : std::uint8_t {
  // malloc and its kin, before any arena
  Initialize,
  RequestTooLarge,  ///< bytes
  Request,          ///< bytes, size
  CacheMissing,     ///< this thread's has no block yet
  CacheCreated,     ///< user address of its block; 0: no memory
  CacheUnused,      ///< not for chunks of this size, or this thread
  CacheEmpty,       ///< bin
  CacheHit,         ///< bin, chunks left, chunk
  // which arena
  ArenaFree,      ///< arena: one that no thread used
  ArenaNew,       ///< one is made, in a heap of its own
  ArenaShared,    ///< arena
  ArenaNoMemory,  ///< arena: another one is tried
  // fast bins, small bins
  FastbinEmpty,   ///< bin
  FastbinHit,     ///< bin, chunk
  SmallbinEmpty,  ///< bin
  SmallbinHit,    ///< bin, chunk
  Stashed,        ///< bin of the thread cache, chunk: it gets one more of the size
  // the unsorted list
  UnsortedEmpty,
  UnsortedRemainder,  ///< chunk, size, size wanted: all there is, and cut last
  UnsortedFits,       ///< chunk, size
  SmallBinned,        ///< chunk, size, bin
  LargeBinned,        ///< chunk, size, bin
  UnsortedPass,       ///< chunks sorted: enough for one call
  StashTaken,         ///< bin of the thread cache: the last one stashed serves
  // large bins, the next larger bin
  LargebinNone,  ///< bin
  LargebinHit,   ///< bin, chunk: the best fit
  LargerBinHit,  ///< bin, chunk
  LargerBinNone,
  Carved,      ///< chunk, size, bytes left over: to the unsorted list
  TakenWhole,  ///< chunk, size
  // top
  TopTooSmall,  ///< size, size wanted
  TopCut,       ///< chunk, size before, size wanted
  NoMemory,     ///< size of top
  // memory from the kernel
  MmapThreshold,  ///< size wanted, threshold
  Mmapped,        ///< chunk, size
  TopGrown,       ///< top, size before, bytes more
  TopPlaced,      ///< a new top, size
  Fenced,         ///< old top, size
  BreakMapped,    ///< where, bytes: a mapping for a refused break
  HeapGrown,      ///< heap, bytes more
  HeapMapped,     ///< heap, bytes
  // calloc
  Cleared,  ///< bytes
  Fresh,    ///< bytes that are zero since nothing was there before
  // realloc
  ReallocMapping,    ///< mapping, bytes, bytes wanted
  ReallocFits,       ///< size, size wanted
  ReallocTop,        ///< size, size of top, size wanted
  ReallocNext,       ///< next chunk, its size, size wanted
  ReallocElsewhere,  ///< size, size wanted
  ReallocJoined,     ///< chunk: the new one lies behind the old one
  ReallocCopied,     ///< new chunk, bytes
  ReallocRest,       ///< chunk, size: freed
  // memalign
  AlignRequest,  ///< bytes, size, bytes asked for instead
  AlignLeader,   ///< chunk, bytes before the aligned one, the aligned one
  AlignTrailer,  ///< chunk, size: freed
  // free
  FreeNull,
  FreeChunk,        ///< chunk, size
  FreeMapping,      ///< mapping, bytes
  ThresholdRaised,  ///< new mmap_threshold, new trim_threshold
  KeyFound,         ///< bin: the second user word is the thread cache's key; the bin is searched
  KeyByChance,      ///< bin: the chunk is not there
  CachePut,         ///< bin, chunks before
  CacheFull,        ///< bin, chunks
  FastbinPut,       ///< bin
  MergedDown,       ///< chunk below, its size
  MergedUp,         ///< chunk above, its size
  MergedTop,        ///< new top, size
  Unsorted,         ///< chunk, size
  // consolidation, trimming
  Consolidate,
  ConsolidateChunk,  ///< chunk, size
  TrimCheck,         ///< size freed: large enough to look at top
  TopKept,           ///< size of top, trim_threshold
  TrimForeign,       ///< end of top, the break: not the same
  Trimmed,           ///< bytes, top, its size now
  HeapDropped,       ///< heap
  HeapShrunk,        ///< heap, bytes
  PagesDropped,      ///< chunk, bytes
  // mallopt
  Parameter,  ///< number, value
};
inline constexpr std::size_t kDecisions = static_cast<std::size_t>(Decision::Parameter) + 1;

/// Tells `m`, if it listens: most memories do not, and then this is nothing. Arguments are values
/// at hand: to load one from M would be an access that the call does not make.
template <class M>
[[gnu::always_inline]] inline void note([[maybe_unused]] M m, [[maybe_unused]] Decision decision,
                                        [[maybe_unused]] std::uint64_t a = 0,
                                        [[maybe_unused]] std::uint64_t b = 0,
                                        [[maybe_unused]] std::uint64_t c = 0) {
  if constexpr (requires { m.note(decision, a, b, c); }) m.note(decision, a, b, c);
}

}  // namespace allocator
