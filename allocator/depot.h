// An arena's depots: batches of its blocks, by class, that no thread has.
#pragma once

#include <cstddef>
#include <cstdint>

#include "allocator/heap_record.h"
#include "allocator/policy.h"
#include "allocator/thread_cache.h"

namespace allocator {

/// An arena has one depot for processors of even numbers and one for the others: two that free and
/// allocate at once would else exchange their blocks, and with them each line of their caches.
inline constexpr std::size_t kDepots = 2;
inline constexpr std::size_t kCacheLine = 64;
/// A head for each class, the bytes kept, and a lock.
inline constexpr std::size_t kDepotBytes = align_up(kSizeClasses * 8 + 16, kCacheLine);
/// Where the main arena's depots lie in M::globals(), behind the parameters.
inline constexpr std::size_t kDepotAt = align_up(kRecordBytes, kCacheLine);
/// Where another arena's lie, from the arena's record on, which its heap's header is in front of.
inline constexpr std::size_t kDepotInHeap =
    align_up(Faultline::kHeapHeader + kArenaBytes, kCacheLine) - Faultline::kHeapHeader;
static_assert(Faultline::kArenaRecord == kDepotInHeap + kDepots * kDepotBytes);

/// What threads freed of this arena and its next allocation takes, unmerged: so blocks that one
/// thread makes and another frees come home without the arena's lock. The depot's own is held for
/// the few words of a push or a pop.
template <ReadableMemory M>
class Depot : public View<M> {
 public:
  Depot(Arena<M> av, std::size_t number)
      : View<M>{av.memory(),
                av.at() + (av.is_main() ? kDepotAt : kDepotInHeap) + number * kDepotBytes} {}

  /// Lays a list of n blocks down.
  [[gnu::noinline]] void push(std::size_t i, VirtAddr list, std::uint32_t n) const {
    const CachedBlock<M> first{this->memory(), list};
    first.set_batch_count(n);
    const Held held{*this};
    first.set_next_batch(head(i));
    set_head(i, list);
    set_kept(kept() + n * bytes(class_size(i)));
  }
  /// The batch laid down last, for a thread whose arena it is; null: the class has none, or all
  /// that the depot keeps is not more than `least` bytes.
  [[nodiscard]] VirtAddr pop(std::size_t i, std::size_t least) const {
    const Held held{*this, ThreadRecord<M>{this->memory()}};
    const VirtAddr list = head(i);
    if (list.is_null() || kept() <= least) return {};
    const CachedBlock<M> first{this->memory(), list};
    set_head(i, first.next_batch());
    set_kept(kept() - first.batch_count() * bytes(class_size(i)));
    return list;
  }
  /// All batches of class i.
  [[nodiscard]] VirtAddr pop_all(std::size_t i) const {
    const Held held{*this};
    const VirtAddr list = head(i);
    std::size_t blocks = 0;
    for (VirtAddr batch = list; !batch.is_null();) {
      const CachedBlock<M> first{this->memory(), batch};
      blocks += first.batch_count();
      batch = first.next_batch();
    }
    set_head(i, VirtAddr{});
    set_kept(kept() - blocks * bytes(class_size(i)));
    return list;
  }
  /// Bytes of all classes, each block counted as its class's least.
  [[nodiscard]] std::size_t kept() const { return this->get(kKept); }
  /// For a caller that keeps other threads out.
  [[nodiscard]] VirtAddr head(std::size_t i) const { return this->get(kHead, i * 8); }
  [[nodiscard]] VirtAddr lock_word() const { return this->at() + kSizeClasses * 8 + 8; }

 private:
  static constexpr Field<VirtAddr, 0, Writer::ArenaRecord> kHead{};
  static constexpr SharedField<std::uint64_t, kSizeClasses * 8, Writer::ArenaRecord> kKept{};

  void set_head(std::size_t i, VirtAddr head) const { this->set(kHead, head, i * 8); }
  void set_kept(std::uint64_t bytes) const { this->set(kKept, bytes); }

  class Held {
   public:
    explicit Held(Depot depot) : Held{depot, depot.memory()} {}
    /// `taker` has the call lock(): a memory, or a thread's record.
    template <class Taker>
    Held(Depot depot, Taker taker)
        : m_{depot.memory()}, at_{depot.lock_word()}, shared_{!m_.single_threaded()} {
      if (shared_) taker.lock(at_);
    }
    ~Held() {
      if (shared_) m_.unlock(at_);
    }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;

   private:
    [[no_unique_address]] M m_;
    VirtAddr at_;
    bool shared_;
  };
};
static_assert(kDepotAt + kDepots * kDepotBytes <= kGlobalsBytes);

/// The number of the depot that the calling thread is to use: its processor's. A lone thread uses
/// the first wherever it runs.
template <ReadableMemory M>
[[nodiscard]] std::size_t depot_here(M m) {
  if constexpr (requires { m.processor(); }) {
    if (!m.single_threaded()) return m.processor() % kDepots;
  }
  return 0;
}

/// Calls act(depot) for each of av's.
template <ReadableMemory M, class Act>
void for_each_depot(Arena<M> av, Act act) {
  for (std::size_t number = 0; number < kDepots; ++number) act(Depot<M>{av, number});
}

/// Bytes that all depots of av keep.
template <ReadableMemory M>
[[nodiscard]] std::size_t depot_bytes(Arena<M> av) {
  std::size_t sum = 0;
  for_each_depot(av, [&sum](Depot<M> depot) { sum += depot.kept(); });
  return sum;
}

}  // namespace allocator
