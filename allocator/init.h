// What happens once: the first call of a process, the first and the last call of a thread.
#pragma once

#include "allocator/core.h"

namespace allocator {

template <MemoryBackend M, class Policy>
void Core<M, Policy>::ensure_init(M m) {
  if (Params{m}[Params::kInitialized] == 0) [[unlikely]]
    ptmalloc_init(m);
}

/// Section 4. Runs before a second thread can exist: making one allocates.
template <MemoryBackend M, class Policy>
void Core<M, Policy>::ptmalloc_init(M m) {
  note(m, Decision::Initialize);
  const Params par{m};
  par.put(Params::kInitialized, 1);
  par.put(Params::kTcacheKey, m.random());
  par.put(Params::kTcacheBins, Policy::kTcacheBins);
  par.put(Params::kTcacheCount, Policy::kTcacheDepth);
  par.put(Params::kMaxFast, Policy::kFastLimit);
  par.put(Params::kTrimThreshold, Policy::kTrimThreshold);
  par.put(Params::kTopPad, Policy::kTopPad);
  par.put(Params::kMmapThreshold, Policy::kMmapThreshold);
  par.put(Params::kMmapsMax, Policy::kMmapMax);
  par.put(Params::kArenaTest, Policy::kArenaTest);
  par.put(Params::kArenas, 1);
  const Arena main = Arena::main(m);
  par.put(Params::kNextToUse, main.at());
  main.init();
  main.put(Arena::kNext, main.at());
  main.put(Arena::kAttached, 1);
  Thread{m}.set_arena(main);
  if constexpr (!Policy::kTcache) apply_knobs(m);
  apply_tunables(m);
}

/// The thread's cache, made now if it has none; null after the thread's end or without memory.
template <MemoryBackend M, class Policy>
auto Core<M, Policy>::tcache_ensure(M m) -> Tcache {
  const Tcache tcache = Tcache::of_thread(m);
  return tcache.is_null() ? tcache_init(m) : tcache;
}

/// The block comes from the thread's arena, or, as nothing else does in a process without threads,
/// from another one when that has no memory.
template <MemoryBackend M, class Policy>
auto Core<M, Policy>::tcache_init(M m) -> Tcache {
  const Thread thread{m};
  if (thread.tcache_shut_down()) return {m, VirtAddr{}};
  note(m, Decision::CacheMissing);
  const VirtAddr block = with_own_arena(
      m, Policy::kTcacheBlock, [](Arena av) { return int_malloc(av, Policy::kTcacheBlock); });
  note(m, Decision::CacheCreated, block.raw());
  if (!block.is_null()) {
    m.fill(block, 0, Policy::kTcacheBlock, tag(Writer::TcacheBlock));
    thread.set_tcache(block);
  }
  return {m, block};
}

/// A thread ends: its cached chunks and the block itself go back to their arenas (section 14.4).
template <MemoryBackend M, class Policy>
void Core<M, Policy>::tcache_thread_shutdown(M m) {
  const Thread thread{m};
  const Tcache tcache = Tcache::of_thread(m);
  thread.shut_tcache_down();
  if (tcache.is_null()) return;
  thread.set_tcache(VirtAddr{});
  const auto give_back = [&](VirtAddr user) {
    const Chunk p = Chunk::of_user(m, user);
    int_free(arena_for_chunk(p), p, Lock::Free);
  };
  for (std::size_t i = 0; i < Policy::kTcacheBins; ++i) {
    for (VirtAddr user = tcache.head(i); !user.is_null(); user = tcache.head(i)) {
      if (!user.is_aligned(kAlignment)) {
        m.die("tcache_thread_shutdown(): unaligned tcache chunk detected");
      }
      tcache.set_head(i, tcache.next_of(user));
      give_back(user);
    }
  }
  give_back(tcache.at());
}

}  // namespace allocator
