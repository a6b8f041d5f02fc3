// The caches of libfaultline.so walked and proved whole: thread's lists and arenas' depots.
#pragma once

#include "allocator/check.h"
#include "allocator/depot.h"

namespace allocator {

/// As HeapChecker: reads what it walks; the caller keeps other threads out.
template <MemoryBackend M>
class CacheChecker {
 public:
  explicit CacheChecker(M memory) : m_{memory} {}

  [[nodiscard]] HeapCheck check() {
    if (Params<M>{m_}[Params<M>::kInitialized] == 0) return found_;
    if (const auto cache = ThreadCache<M>::of_thread(m_); !cache.is_null()) check_thread(cache);
    const Arena<M> main = Arena<M>::main(m_);
    Arena<M> av = main;
    do {
      check_depot(av);
      av = av.next();
    } while (av != main && found_);
    return found_;
  }

 private:
  bool holds(bool claim, const char* broken, VirtAddr at) {
    if (!claim && found_) {
      found_.broken = broken;
      found_.at = at;
    }
    return claim;
  }

  void check_thread(ThreadCache<M> cache) {
    for (std::size_t i = 0; i < kSizeClasses && found_; ++i) {
      const CacheSlot<M> slot = cache.slot(i);
      check_list(i, slot.head(), slot.count());
      if (const VirtAddr full = slot.full(); !full.is_null()) {
        check_list(i, full, CachedBlock<M>{m_, full}.batch_count());
      }
    }
  }

  void check_depot(Arena<M> av) {
    const Depot<M> depot{av};
    for (std::size_t i = 0; i < kSizeClasses && found_; ++i) {
      std::uint32_t blocks = 0;
      for (VirtAddr batch = depot.head(i); !batch.is_null() && found_;) {
        const CachedBlock<M> first{m_, batch};
        check_list(i, batch, first.batch_count());
        blocks += first.batch_count();
        batch = first.next_batch();
      }
      holds(blocks == depot.blocks(i), "a depot miscounts its blocks", depot.at());
    }
  }

  void check_list(std::size_t i, VirtAddr list, std::uint32_t count) {
    std::uint32_t seen = 0;
    for (VirtAddr user = list; !user.is_null() && found_ && seen <= count; ++seen) {
      const Chunk<M> p = Chunk<M>::of_user(m_, user);
      const ChunkSize size = p.size();
      if (!holds(size >= class_size(i), "a cache holds a smaller size", user)) return;
      if (!p.is_mmapped()) holds(p.inuse(size), "a cached chunk looks free", p.at());
      user = CachedBlock<M>{m_, user}.next();
    }
    holds(seen == count, "a cache miscounts its list", list);
  }

  [[no_unique_address]] M m_;
  HeapCheck found_;
};

/// Walks the calling thread's cache and every arena's depot.
template <MemoryBackend M>
[[nodiscard]] HeapCheck check_caches(M memory) {
  return CacheChecker<M>{memory}.check();
}

}  // namespace allocator
