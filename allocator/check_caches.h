// The caches of libfaultline.so walked and proved whole: thread's lists and arenas' depots.
#pragma once

#include "allocator/check.h"
#include "allocator/depot.h"

namespace allocator {

/// As HeapWalk: reads what it walks, and tells its witness; the caller keeps other threads out.
template <ReadableMemory M, class Witness = NoWitness>
class CacheWalk {
 public:
  CacheWalk(M memory, Witness& witness) : m_{memory}, witness_{witness} {}

  void check_thread(ThreadCache<M> cache) {
    for (std::size_t i = 0; i < kSizeClasses && goes_on(); ++i) {
      const CacheSlot<M> slot = cache.slot(i);
      if (slot.count() != 0) witness_.list(ListKind::ThreadCache, i, cache.at());
      check_list(i, slot.head(), slot.count());
      if (const VirtAddr full = slot.full(); !full.is_null()) {
        witness_.list(ListKind::ThreadCache, i, cache.at());
        check_list(i, full, CachedBlock<M>{m_, full}.batch_count());
      }
    }
  }

  void check_depots(Arena<M> av) {
    for_each_depot(av, [this, av](Depot<M> depot) { check_depot(av, depot); });
  }

  [[nodiscard]] const HeapCheck& found() const noexcept { return found_; }

 private:
  bool holds(bool claim, const char* broken, VirtAddr at) {
    return found_.holds(claim, broken, at);
  }
  [[nodiscard]] bool goes_on() const { return Witness::kWantsAll || found_; }

  void check_depot(Arena<M> av, Depot<M> depot) {
    std::size_t kept = 0;
    const std::size_t most = depot.kept();
    for (std::size_t i = 0; i < kSizeClasses && goes_on(); ++i) {
      VirtAddr batch = depot.head(i);
      while (!batch.is_null() && goes_on() && kept < most) {
        const CachedBlock<M> first{m_, batch};
        witness_.list(ListKind::Depot, i, av.at());
        check_list(i, batch, first.batch_count());
        kept += first.batch_count() * bytes(class_size(i));
        batch = first.next_batch();
      }
      holds(batch.is_null(), "a depot has more batches than it counts", depot.at());
    }
    holds(kept == most, "a depot miscounts its blocks", depot.at());
  }

  void check_list(std::size_t i, VirtAddr list, std::uint32_t count) {
    std::uint32_t seen = 0;
    for (VirtAddr user = list; !user.is_null() && goes_on() && seen <= count; ++seen) {
      const Chunk<M> p = Chunk<M>::of_user(m_, user);
      const ChunkSize size = p.size();
      witness_.member(p.at());
      if (!holds(size >= class_size(i), "a cache holds a smaller size", user)) return;
      if (!p.is_mmapped()) holds(p.inuse(size), "a cached chunk looks free", p.at());
      user = CachedBlock<M>{m_, user}.next();
    }
    holds(seen == count, "a cache miscounts its list", list);
  }

  [[no_unique_address]] M m_;
  Witness& witness_;
  HeapCheck found_;
};

/// Walks the calling thread's cache and every arena's depots.
template <ReadableMemory M>
[[nodiscard]] HeapCheck check_caches(M memory) {
  if (Params<M>{memory}[Params<M>::kInitialized] == 0) return {};
  NoWitness nobody;
  CacheWalk<M> walk{memory, nobody};
  if (const auto cache = ThreadCache<M>::of_thread(memory); !cache.is_null()) {
    walk.check_thread(cache);
  }
  const Arena<M> main = Arena<M>::main(memory);
  Arena<M> av = main;
  do {
    walk.check_depots(av);
    av = av.next();
  } while (av != main && walk.found());
  return walk.found();
}

}  // namespace allocator
