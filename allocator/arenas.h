// Which arena a thread uses, and the life of arenas: made, shared, left and found again (section
// 14).
#pragma once

#include "allocator/core.h"
#include "allocator/policy.h"

namespace allocator {

/// Runs `allocate` on an arena. Before there are threads the main one serves, unlocked.
template <MemoryBackend M, class Policy>
template <class Allocate>
VirtAddr Core<M, Policy>::with_arena(M m, std::size_t request, Allocate allocate) {
  if (m.single_threaded()) return allocate(Arena::main(m));
  return with_own_arena(m, request, allocate);
}

/// Runs `allocate` on the calling thread's arena, and once more on another one if that has no
/// memory.
template <MemoryBackend M, class Policy>
template <class Allocate>
VirtAddr Core<M, Policy>::with_own_arena(M m, std::size_t request, Allocate allocate) {
  Arena av = arena_get(m, request);
  VirtAddr user = allocate(av);
  if (user.is_null() && !av.is_null()) {
    av = arena_get_retry(av, request);
    user = allocate(av);
  }
  if (!av.is_null()) m.unlock(av.lock_word());
  return user;
}

template <MemoryBackend M, class Policy>
void Core<M, Policy>::lock_if_shared(Arena av) {
  if (!av.memory().single_threaded()) av.memory().lock(av.lock_word());
}
template <MemoryBackend M, class Policy>
void Core<M, Policy>::unlock_if_shared(Arena av) {
  if (!av.memory().single_threaded()) av.memory().unlock(av.lock_word());
}

/// The thread's arena, locked; null when it has none and none can be had.
template <MemoryBackend M, class Policy>
auto Core<M, Policy>::arena_get(M m, std::size_t request) -> Arena {
  const Arena av = own_arena(m);
  if (av.is_null()) return arena_get2(m, request, av);
  if constexpr (Policy::kLeavesCrowds) {
    Thread{m}.lock(av.lock_word());
  } else {
    m.lock(av.lock_word());
  }
  return av;
}

/// The arena that the thread is to allocate from; null: it has none.
template <MemoryBackend M, class Policy>
auto Core<M, Policy>::own_arena(M m) -> Arena {
  if constexpr (Policy::kLeavesCrowds) {
    if (Thread{m}.is_crowded()) leave_crowd(m);
  }
  return Thread{m}.arena();
}

/// The thread goes to another arena, one more than there were, up to as many as glibc would have,
/// unless the program said how many. Where no other thread allocates it stays: those that it waits
/// for free blocks there.
template <MemoryBackend M, class Policy>
void Core<M, Policy>::leave_crowd(M m) {
  const Params par{m};
  const Thread thread{m};
  thread.forget_crowd();
  m.lock(par.list_lock());
  if (thread.arena()[Arena::kAttached] < 2) return m.unlock(par.list_lock());
  par.put(Params::kCrowded, 1);
  const std::size_t arenas = par[Params::kArenas];
  if (par[Params::kArenaMax] == 0 && arenas < Glibc236::arenas_for(m.online_cpus()) &&
      !may_create_arena(par)) {
    par.put(Params::kArenasLimit, arenas + 1);
  }
  par.put(Params::kNextToUse, thread.arena()[Arena::kNext]);
  m.unlock(par.list_lock());
  const Arena av = arena_get2(m, kMinSize, thread.arena());
  if (!av.is_null()) m.unlock(av.lock_word());
}

/// A locked arena for a thread that has none or must leave `avoid`: a free one, a new one, or a
/// shared one (section 14.2).
template <MemoryBackend M, class Policy>
auto Core<M, Policy>::arena_get2(M m, std::size_t request, Arena avoid) -> Arena {
  const Params par{m};
  if (const Arena av = get_free_list(m); !av.is_null()) return av;
  m.lock(par.list_lock());
  const bool create = may_create_arena(par);
  if (create) par.add(Params::kArenas, 1);
  m.unlock(par.list_lock());
  if (!create) return reused_arena(m, avoid);
  const Arena av = int_new_arena(m, request);
  if (av.is_null()) {
    m.lock(par.list_lock());
    par.add(Params::kArenas, static_cast<std::uint64_t>(-1));
    m.unlock(par.list_lock());
  }
  return av;
}

/// The limit is computed once, when it is first needed, and kept.
template <MemoryBackend M, class Policy>
bool Core<M, Policy>::may_create_arena(Params par) {
  constexpr std::size_t kUnknownCpuArenas = 16;
  std::size_t limit = par[Params::kArenasLimit];
  if (limit == 0) {
    if (par[Params::kArenaMax] != 0) {
      limit = par[Params::kArenaMax];
    } else if (par[Params::kArenas] > par[Params::kArenaTest]) {
      const std::size_t cpus = par.memory().online_cpus();
      limit = cpus == 0 ? kUnknownCpuArenas : Policy::arenas_for(cpus);
    }
    par.put(Params::kArenasLimit, limit);
  }
  return limit == 0 || par[Params::kArenas] < limit;
}

/// `failed`, locked, has no memory: unlocks it and locks another one (section 14.3).
template <MemoryBackend M, class Policy>
auto Core<M, Policy>::arena_get_retry(Arena failed, std::size_t request) -> Arena {
  const M m = failed.memory();
  note(m, Decision::ArenaNoMemory, failed.at().raw());
  m.unlock(failed.lock_word());
  if (failed.is_main()) return arena_get2(m, request, failed);
  const Arena main = Arena::main(m);
  m.lock(main.lock_word());
  return main;
}

template <MemoryBackend M, class Policy>
auto Core<M, Policy>::get_free_list(M m) -> Arena {
  const Params par{m};
  m.lock(par.list_lock());
  const Arena av{m, par[Params::kFreeArenas]};
  if (!av.is_null()) {
    par.put(Params::kFreeArenas, av[Arena::kNextFree]);
    note(m, Decision::ArenaFree, av.at().raw());
    attach(av);
  }
  m.unlock(par.list_lock());
  if (!av.is_null()) m.lock(av.lock_word());
  return av;
}

/// The thread leaves its arena for av. The list lock is held.
template <MemoryBackend M, class Policy>
void Core<M, Policy>::attach(Arena av) {
  const Thread thread{av.memory()};
  if (const Arena left = thread.arena(); !left.is_null()) {
    left.add(Arena::kAttached, static_cast<std::uint64_t>(-1));
  }
  av.add(Arena::kAttached, 1);
  thread.set_arena(av);
}

/// A new arena in a heap of its own, locked and attached; null without memory.
template <MemoryBackend M, class Policy>
auto Core<M, Policy>::int_new_arena(M m, std::size_t request) -> Arena {
  const Params par{m};
  note(m, Decision::ArenaNew);
  const std::size_t overhead = Policy::kHeapHeader + Policy::kArenaRecord + kAlignment;
  const std::size_t pad = par[Params::kTopPad];
  Heap heap = new_heap(m, request + overhead, pad);
  if (heap.is_null()) heap = new_heap(m, overhead, pad);
  if (heap.is_null()) return {m, VirtAddr{}};
  const Arena av{m, heap.at() + Policy::kHeapHeader};
  heap.set_arena(av);
  av.init();
  av.set_noncontiguous();
  av.put(Arena::kSystemMem, heap.size());
  av.put(Arena::kMaxSystemMem, heap.size());
  const Chunk top{m, (av.at() + Policy::kArenaRecord).align_up(kAlignment)};
  av.set_top(top);
  top.set_top_head(ChunkSize::of(heap.end() - top.at()));
  m.lock(av.lock_word());
  m.lock(par.list_lock());
  attach(av);
  const Arena main = Arena::main(m);
  av.put(Arena::kNext, main[Arena::kNext]);
  main.put(Arena::kNext, av.at());
  m.unlock(par.list_lock());
  return av;
}

/// Shares an arena: the first one that nobody holds, from where the last search ended; if all are
/// held, the one there, waited for.
template <MemoryBackend M, class Policy>
auto Core<M, Policy>::reused_arena(M m, Arena avoid) -> Arena {
  const Params par{m};
  m.lock(par.list_lock());
  const Arena begin{m, par[Params::kNextToUse]};
  Arena av = begin;
  bool locked = false;
  do {
    locked = m.try_lock(av.lock_word());
    if (locked) break;
    av = av.next();
  } while (av != begin);
  if (!locked && av == avoid) av = av.next();
  note(m, Decision::ArenaShared, av.at().raw());
  remove_from_free_list(av);
  attach(av);
  par.put(Params::kNextToUse, av[Arena::kNext]);
  m.unlock(par.list_lock());
  if (!locked) m.lock(av.lock_word());
  return av;
}

/// The list lock is held.
template <MemoryBackend M, class Policy>
void Core<M, Policy>::remove_from_free_list(Arena av) {
  const M m = av.memory();
  const Params par{m};
  Arena before{m, par[Params::kFreeArenas]};
  if (before == av) return par.put(Params::kFreeArenas, av[Arena::kNextFree]);
  while (!before.is_null()) {
    const Arena after{m, before[Arena::kNextFree]};
    if (after == av) return before.put(Arena::kNextFree, av[Arena::kNextFree]);
    before = after;
  }
}

/// The list lock is held.
template <MemoryBackend M, class Policy>
void Core<M, Policy>::push_free_list(Arena av) {
  const Params par{av.memory()};
  av.put(Arena::kNextFree, par[Params::kFreeArenas]);
  par.put(Params::kFreeArenas, av.at());
}

/// A thread ends: its cache is freed, its arena is left (section 14.4).
template <MemoryBackend M, class Policy>
void Core<M, Policy>::arena_thread_freeres(M m) {
  tcache_thread_shutdown(m);
  const Thread thread{m};
  const Params par{m};
  const Arena av = thread.arena();
  if (av.is_null()) return;
  thread.set_arena({m, VirtAddr{}});
  m.lock(par.list_lock());
  av.add(Arena::kAttached, static_cast<std::uint64_t>(-1));
  if (av[Arena::kAttached] == 0) push_free_list(av);
  m.unlock(par.list_lock());
}

/// fork begins: takes every lock, so that the child finds none of them held by another thread.
template <MemoryBackend M, class Policy>
void Core<M, Policy>::fork_lock(M m) {
  const Params par{m};
  if (par[Params::kInitialized] == 0) return;
  const Arena main = Arena::main(m);
  m.lock(par.list_lock());
  Arena av = main;
  do {
    m.lock(av.lock_word());
    av = av.next();
  } while (av != main);
  m.lock(par.mmap_lock());
  m.lock(par.spare_lock());
}

/// fork is over in the parent, or, in the child, the same copy of the locks is let go.
template <MemoryBackend M, class Policy>
void Core<M, Policy>::fork_unlock(M m) {
  const Params par{m};
  if (par[Params::kInitialized] == 0) return;
  const Arena main = Arena::main(m);
  m.unlock(par.spare_lock());
  m.unlock(par.mmap_lock());
  Arena av = main;
  do {
    m.unlock(av.lock_word());
    av = av.next();
  } while (av != main);
  m.unlock(par.list_lock());
}

/// The child of fork: one thread is left, so every other arena is free (section 14.5).
template <MemoryBackend M, class Policy>
void Core<M, Policy>::fork_child(M m) {
  const Params par{m};
  if (par[Params::kInitialized] == 0) return;
  fork_unlock(m);
  const Arena own = Thread{m}.arena();
  const Arena main = Arena::main(m);
  par.put(Params::kFreeArenas, VirtAddr{});
  Arena av = main;
  do {
    av.put(Arena::kAttached, av == own ? 1 : 0);
    if (av != own) push_free_list(av);
    av = av.next();
  } while (av != main);
}

}  // namespace allocator
