// An arena's depot: batches of its blocks, by class, that no thread has.
#pragma once

#include <cstddef>
#include <cstdint>

#include "allocator/heap_record.h"
#include "allocator/thread_cache.h"

namespace allocator {

/// Where the main arena's depot lies in M::globals(), behind the parameters.
inline constexpr std::size_t kDepotAt = align_up(kRecordBytes, 16);
/// Where another arena's lies, from the arena's record on.
inline constexpr std::size_t kDepotInHeap = align_up(kArenaBytes, 16);
/// A head and a count for each class, and a lock.
inline constexpr std::size_t kDepotBytes = kSizeClasses * 12 + 8;

/// What threads freed of this arena and its next allocation takes, unmerged: so blocks that one
/// thread makes and another frees come home without the arena's lock. The depot's own is held for
/// the few words of a push or a pop.
template <ReadableMemory M>
class Depot : public View<M> {
 public:
  explicit Depot(Arena<M> av)
      : View<M>{av.memory(), av.at() + (av.is_main() ? kDepotAt : kDepotInHeap)} {}

  /// Lays a list of n blocks down.
  void push(std::size_t i, VirtAddr list, std::uint32_t n) const {
    const CachedBlock<M> first{this->memory(), list};
    first.set_batch_count(n);
    const Held held{*this};
    first.set_next_batch(head(i));
    set(i, list, blocks(i) + n);
  }
  /// The batch laid down last, for a thread whose arena it is; null: the class has none.
  [[nodiscard]] VirtAddr pop(std::size_t i) const {
    const Held held{*this, ThreadRecord<M>{this->memory()}};
    const VirtAddr list = head(i);
    if (list.is_null()) return list;
    const CachedBlock<M> first{this->memory(), list};
    set(i, first.next_batch(), blocks(i) - first.batch_count());
    return list;
  }
  /// All batches of class i.
  [[nodiscard]] VirtAddr pop_all(std::size_t i) const {
    const Held held{*this};
    const VirtAddr list = head(i);
    set(i, VirtAddr{}, 0);
    return list;
  }
  /// Bytes of all classes.
  [[nodiscard]] std::size_t bytes_kept() const {
    const Held held{*this};
    std::size_t sum = 0;
    for (std::size_t i = 0; i < kSizeClasses; ++i) sum += blocks(i) * bytes(class_size(i));
    return sum;
  }
  /// For a caller that keeps other threads out.
  [[nodiscard]] VirtAddr head(std::size_t i) const { return this->get(kHead, i * 8); }
  [[nodiscard]] std::uint32_t blocks(std::size_t i) const { return this->get(kBlocks, i * 4); }
  [[nodiscard]] VirtAddr lock_word() const { return this->at() + kSizeClasses * 12; }

 private:
  static constexpr Field<VirtAddr, 0, Writer::ArenaRecord> kHead{};
  static constexpr Field<std::uint32_t, kSizeClasses * 8, Writer::ArenaRecord> kBlocks{};

  void set(std::size_t i, VirtAddr head, std::uint32_t blocks) const {
    View<M>::set(kHead, head, i * 8);
    View<M>::set(kBlocks, blocks, i * 4);
  }

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
static_assert(kDepotAt + kDepotBytes <= kGlobalsBytes);

}  // namespace allocator
