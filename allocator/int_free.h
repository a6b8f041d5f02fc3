// The core free: thread cache, fastbin, or merge with the neighbours (spec/ptmalloc section 11).
#pragma once

#include "allocator/core.h"

namespace allocator {

template <MemoryBackend M, class Policy>
auto Core<M, Policy>::arena_for_chunk(Chunk p) -> Arena {
  return (p.head() & kNonMainArena) == 0 ? Arena::main(p.memory()) : heap_for(p).arena();
}

/// Frees a chunk of av. The thread's cache is asked first, whoever the caller is.
template <MemoryBackend M, class Policy>
void Core<M, Policy>::int_free(Arena av, Chunk p, Lock lock) {
  const ChunkSize size = p.size();
  note(p.memory(), Decision::FreeChunk, p.at().raw(), bytes(size));
  check_free(p, size);
  if (!tcache_free(p, size)) free_in_arena(av, p, size, lock);
}

/// Frees a chunk that the thread's cache does not take.
template <MemoryBackend M, class Policy>
void Core<M, Policy>::free_in_arena(Arena av, Chunk p, ChunkSize size, Lock lock) {
  if (bytes(size) <= Params{av.memory()}[Params::kMaxFast]) return fastbin_free(av, p, size, lock);
  if (p.is_mmapped()) return munmap_chunk(p);
  if (lock == Lock::Held || av.memory().single_threaded()) return int_free_merge(av, p, size);
  av.memory().lock(av.lock_word());
  int_free_merge(av, p, size);
  av.memory().unlock(av.lock_word());
}

template <MemoryBackend M, class Policy>
void Core<M, Policy>::check_free(Chunk p, ChunkSize size) {
  if (p.at().raw() > -bytes(size) || !p.at().is_aligned(kAlignment)) {
    p.memory().die("free(): invalid pointer");
  }
  if (bytes(size) < kMinSize || bytes(size) % kAlignment != 0) {
    p.memory().die("free(): invalid size");
  }
}

/// Puts p in the thread's cache when its class has room.
template <MemoryBackend M, class Policy>
bool Core<M, Policy>::tcache_free(Chunk p, ChunkSize size) {
  const M m = p.memory();
  const Params par{m};
  const Tcache tcache = Tcache::of_thread(m);
  const std::size_t index = tcache_index(size);
  if (tcache.is_null() || index >= par[Params::kTcacheBins]) {
    note(m, Decision::CacheUnused);
    return false;
  }
  const std::uint64_t key = par[Params::kTcacheKey];
  if (Tcache::key_of(m, p.user()) == key) [[unlikely]] {
    note(m, Decision::KeyFound, index);
    check_double_free(tcache, index, p.user());
    note(m, Decision::KeyByChance, index);
  }
  const std::size_t count = tcache.count(index);
  if (count >= par[Params::kTcacheCount]) {
    note(m, Decision::CacheFull, index, count);
    return false;
  }
  note(m, Decision::CachePut, index, count);
  tcache.put(index, p.user(), key);
  return true;
}

/// A chunk that carries the key is in the cache already, unless its data is the key by chance.
template <MemoryBackend M, class Policy>
void Core<M, Policy>::check_double_free(Tcache tcache, std::size_t index, VirtAddr user) {
  const M m = tcache.memory();
  const std::size_t most = Params{m}[Params::kTcacheCount];
  std::size_t seen = 0;
  for (VirtAddr e = tcache.head(index); !e.is_null(); e = tcache.next_of(e)) {
    if (seen++ >= most) m.die("free(): too many chunks detected in tcache");
    if (!e.is_aligned(kAlignment)) m.die("free(): unaligned chunk detected in tcache 2");
    if (e == user) m.die("free(): double free detected in tcache 2");
  }
}

template <MemoryBackend M, class Policy>
void Core<M, Policy>::fastbin_free(Arena av, Chunk p, ChunkSize size, Lock lock) {
  const M m = av.memory();
  if (lock == Lock::Free) lock_if_shared(av);
  note(m, Decision::FastbinPut, fastbin_index(size));
  const std::uint64_t next_head = p.after(size).head();
  if (next_head <= kChunkHeader || (next_head & ~kSizeBits) >= av.system_mem()) {
    m.die("free(): invalid next size (fast)");
  }
  free_perturb(p, size);
  av.set_have_fast(true);
  const std::size_t index = fastbin_index(size);
  const Chunk old = av.fastbin(index);
  if (old == p) m.die("double free or corruption (fasttop)");
  p.set_fast_next(old);
  av.set_fastbin(index, p);
  if (lock == Lock::Held && !old.is_null() && fastbin_index(old.size()) != index) {
    m.die("invalid fastbin entry (free)");
  }
  if (lock == Lock::Free) unlock_if_shared(av);
}

template <MemoryBackend M, class Policy>
void Core<M, Policy>::check_merge(Arena av, Chunk p, ChunkSize size, Chunk next) {
  const M m = av.memory();
  const Chunk top = av.top();
  if (p == top) m.die("double free or corruption (top)");
  if (av.contiguous() && next.at() >= top.after(top.top_size()).at()) {
    m.die("double free or corruption (out)");
  }
  const std::uint64_t next_head = next.head();
  if ((next_head & kPrevInuse) == 0) m.die("double free or corruption (!prev)");
  if (next_head <= kChunkHeader || (next_head & ~kSizeBits) >= av.system_mem()) {
    m.die("free(): invalid next size (normal)");
  }
  free_perturb(p, size);
}

/// The free chunk below p, taken out of its list, which p is to be joined to.
template <MemoryBackend M, class Policy>
auto Core<M, Policy>::merge_down(Chunk p, const char* corrupted) -> Chunk {
  const std::size_t size = p.prev_size();
  const Chunk below = p.before(size);
  note(p.memory(), Decision::MergedDown, below.at().raw(), size);
  if (bytes(below.size()) != size) p.memory().die(corrupted);
  unlink_chunk(below);
  return below;
}

/// Merges p with its free neighbours into the unsorted list or into top, and trims what became
/// large.
template <MemoryBackend M, class Policy>
void Core<M, Policy>::int_free_merge(Arena av, Chunk p, ChunkSize size) {
  const Chunk next = p.after(size);
  check_merge(av, p, size, next);
  const ChunkSize next_size = next.size();
  if (!p.prev_inuse()) {
    p = merge_down(p, "corrupted size vs. prev_size while consolidating");
    size = ChunkSize::of(next.at() - p.at());
  }
  if (next == av.top()) {
    size = size + next_size;
    note(av.memory(), Decision::MergedTop, p.at().raw(), bytes(size));
    p.set_top_head(size);
    av.set_top(p);
  } else {
    if (next.inuse(next_size)) {
      next.clear_prev_inuse();
    } else {
      note(av.memory(), Decision::MergedUp, next.at().raw(), bytes(next_size));
      unlink_chunk(next);
      size = size + next_size;
    }
    note(av.memory(), Decision::Unsorted, p.at().raw(), bytes(size));
    check_unsorted_front(av, "free(): corrupted unsorted chunks");
    push_unsorted(av, p, size);
  }
  if (bytes(size) >= Policy::kTrimCheck) {
    note(av.memory(), Decision::TrimCheck, bytes(size));
    trim_after_free(av);
  }
}

template <MemoryBackend M, class Policy>
void Core<M, Policy>::trim_after_free(Arena av) {
  const M m = av.memory();
  const Params par{m};
  if (av.have_fast()) malloc_consolidate(av);
  if (!av.is_main()) return heap_trim(av, par[Params::kTopPad]);
  const ChunkSize top_size = av.top().top_size();
  const std::size_t threshold = par[Params::kTrimThreshold];
  if (bytes(top_size) < threshold) {
    return note(m, Decision::TopKept, bytes(top_size), threshold);
  }
  systrim(av, par[Params::kTopPad]);
}

/// Merges every fastbin chunk with its neighbours (section 6.1).
template <MemoryBackend M, class Policy>
void Core<M, Policy>::malloc_consolidate(Arena av) {
  const M m = av.memory();
  note(m, Decision::Consolidate);
  av.set_have_fast(false);
  for (std::size_t i = 0; i < kFastbins; ++i) {
    Chunk p = av.fastbin(i);
    if (p.is_null()) continue;
    av.set_fastbin(i, {m, VirtAddr{}});
    while (!p.is_null()) {
      if (!p.at().is_aligned(kAlignment)) {
        m.die("malloc_consolidate(): unaligned fastbin chunk detected");
      }
      if (fastbin_index(p.size()) != i) m.die("malloc_consolidate(): invalid chunk size");
      const Chunk following = p.fast_next();
      consolidate_chunk(av, p);
      p = following;
    }
  }
}

template <MemoryBackend M, class Policy>
void Core<M, Policy>::consolidate_chunk(Arena av, Chunk p) {
  ChunkSize size = p.size();
  note(av.memory(), Decision::ConsolidateChunk, p.at().raw(), bytes(size));
  const Chunk next = p.after(size);
  const ChunkSize next_size = next.size();
  if (!p.prev_inuse()) {
    p = merge_down(p, "corrupted size vs. prev_size in fastbins");
    size = ChunkSize::of(next.at() - p.at());
  }
  if (next == av.top()) {
    note(av.memory(), Decision::MergedTop, p.at().raw(), bytes(size + next_size));
    p.set_top_head(size + next_size);
    av.set_top(p);
    return;
  }
  if (next.inuse(next_size)) {
    next.clear_prev_inuse();
  } else {
    note(av.memory(), Decision::MergedUp, next.at().raw(), bytes(next_size));
    size = size + next_size;
    unlink_chunk(next);
  }
  note(av.memory(), Decision::Unsorted, p.at().raw(), bytes(size));
  push_unsorted(av, p, size);
}

template <MemoryBackend M, class Policy>
void Core<M, Policy>::free_perturb(Chunk p, ChunkSize size) {
  const std::uint64_t perturb = Params{p.memory()}[Params::kPerturb];
  if (perturb == 0) return;
  p.memory().fill(p.user(), static_cast<std::uint8_t>(perturb), bytes(size) - kChunkHeader,
                  tag(Writer::User));
}

}  // namespace allocator
