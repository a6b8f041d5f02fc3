// Memory is short: what the thread's cache and the depots keep goes back to the arenas, and merges
// there.
#pragma once

#include <algorithm>

#include "allocator/core.h"
#include "allocator/depot.h"

namespace allocator {

/// An arena that would have to grow takes what the thread's cache and its depots keep, if that
/// is more than the depots' share of it; false: it is not, and the arena is to grow. av is held.
template <MemoryBackend M, class Policy>
bool Core<M, Policy>::merge_kept(Arena av) {
  const M m = av.memory();
  const std::size_t share = Params{m}[Params::kDepotShare];
  const std::size_t most =
      share == 0 ? 0 : std::max<std::size_t>(av.system_mem() / share, Policy::kKeptAtLeast);
  const std::size_t kept = cached_bytes(m) + depot_bytes(av);
  if (kept <= most) return false;
  empty_cache(m);
  return merge_depot(av, 0);
}

/// Merges what lies in the depots of av, which is held, if that is more than `most` bytes; false:
/// it is not.
template <MemoryBackend M, class Policy>
bool Core<M, Policy>::merge_depot(Arena av, std::size_t most) {
  if (depot_bytes(av) <= most) return false;
  for (std::size_t i = 0; i < kSizeClasses; ++i) {
    for_each_depot(av, [&](Depot<M> depot) { merge_batches(av, depot.pop_all(i)); });
  }
  return true;
}

template <MemoryBackend M, class Policy>
void Core<M, Policy>::merge_batches(Arena av, VirtAddr batch) {
  while (!batch.is_null()) {
    const VirtAddr following = CachedBlock<M>{av.memory(), batch}.next_batch();
    merge_list(av, batch);
    batch = following;
  }
}

template <MemoryBackend M, class Policy>
void Core<M, Policy>::merge_list(Arena av, VirtAddr user) {
  while (!user.is_null()) {
    const VirtAddr next = CachedBlock<M>{av.memory(), user}.next();
    const Chunk p = Chunk::of_user(av.memory(), user);
    int_free_merge(av, p, p.size());
    user = next;
  }
}

/// Bytes that the calling thread's cache keeps, those of a class counted as its least.
template <MemoryBackend M, class Policy>
std::size_t Core<M, Policy>::cached_bytes(M m) {
  const auto cache = ThreadCache<M>::of_thread(m);
  std::size_t sum = 0;
  for (std::size_t i = 0; i < kSizeClasses && !cache.is_null(); ++i) {
    const auto slot = cache.slot(i);
    const VirtAddr full = slot.full();
    const std::size_t behind = full.is_null() ? 0 : CachedBlock<M>{m, full}.batch_count();
    sum += (slot.count() + behind) * bytes(class_size(i));
  }
  return sum;
}

/// Lays down all that the calling thread's cache keeps.
template <MemoryBackend M, class Policy>
void Core<M, Policy>::empty_cache(M m) {
  const auto cache = ThreadCache<M>::of_thread(m);
  for (std::size_t i = 0; i < kSizeClasses && !cache.is_null(); ++i) {
    const auto slot = cache.slot(i);
    const VirtAddr list = slot.head();
    const std::uint32_t n = slot.count();
    push_full(slot, i);
    slot.set_head({});
    slot.set_count(0);
    send_home(m, i, list, n);
  }
}

template <MemoryBackend M, class Policy>
void Core<M, Policy>::push_full(CacheSlot<M> slot, std::size_t i) {
  const VirtAddr full = slot.full();
  if (full.is_null()) return;
  slot.set_full({});
  send_home(slot.memory(), i, full, CachedBlock<M>{slot.memory(), full}.batch_count());
}

/// Lays the n blocks of a list down in their arenas' depots: all at once where there is one arena,
/// without a look at each, else as many as follow each other.
template <MemoryBackend M, class Policy>
void Core<M, Policy>::send_home(M m, std::size_t i, VirtAddr list, std::uint32_t n) {
  if (list.is_null()) return;
  if (Params{m}[Params::kArenas] == 1) {
    return Depot<M>{Arena::main(m), depot_here(m)}.push(i, list, n);
  }
  send_each_home(m, i, list);
}

template <MemoryBackend M, class Policy>
void Core<M, Policy>::send_each_home(M m, std::size_t i, VirtAddr list) {
  while (!list.is_null()) {
    const Arena owner = arena_for_chunk(Chunk::of_user(m, list));
    CachedBlock<M> last{m, list};
    std::uint32_t n = 1;
    VirtAddr next = last.next();
    for (; !next.is_null() && arena_for_chunk(Chunk::of_user(m, next)) == owner; ++n) {
      last = {m, next};
      next = last.next();
    }
    last.set_next({});
    Depot<M>{owner, depot_here(m)}.push(i, list, n);
    list = next;
  }
}

}  // namespace allocator
