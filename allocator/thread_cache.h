// A thread's own cache of chunks, in magazines: whole lists go to the depot and come from it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "allocator/params.h"
#include "allocator/size_class.h"

namespace allocator {

/// A chunk that nobody uses and no arena knows of: linked by the first user word. The first of a
/// batch says in the second word which batch follows, and in the third how many it is.
template <ReadableMemory M>
class CachedBlock : public View<M> {
 public:
  using View<M>::View;
  [[nodiscard]] VirtAddr next() const { return this->get(kNext); }
  void set_next(VirtAddr to) const { this->set(kNext, to); }
  [[nodiscard]] VirtAddr next_batch() const { return this->get(kNextBatch); }
  void set_next_batch(VirtAddr to) const { this->set(kNextBatch, to); }
  [[nodiscard]] std::uint32_t batch_count() const { return this->get(kBatchCount); }
  void set_batch_count(std::uint32_t n) const { this->set(kBatchCount, n); }

 private:
  static constexpr Field<VirtAddr, 0, Writer::ListLink> kNext{};
  static constexpr Field<VirtAddr, 8, Writer::ListLink> kNextBatch{};
  static constexpr Field<std::uint32_t, 16, Writer::ListLink> kBatchCount{};
};

/// One class of a thread's cache: a list that blocks are taken from and put on, and behind it a
/// full one, so that a thread that stands at the border of two batches does not trade with the
/// depot at every call (magazines).
template <ReadableMemory M>
class CacheSlot : public View<M> {
 public:
  using View<M>::View;
  static constexpr std::size_t kBytes = 24;

  [[nodiscard]] VirtAddr head() const { return this->get(kHead); }
  void set_head(VirtAddr user) const { this->set(kHead, user); }
  /// Blocks on the list of head().
  [[nodiscard]] std::uint32_t count() const { return this->get(kCount); }
  void set_count(std::uint32_t n) const { this->set(kCount, n); }
  /// Blocks that make the list full: it widens as the class is used (faultline.h).
  [[nodiscard]] std::uint32_t most() const { return this->get(kMost); }
  void set_most(std::uint32_t n) const { this->set(kMost, n); }
  [[nodiscard]] VirtAddr full() const { return this->get(kFull); }
  void set_full(VirtAddr user) const { this->set(kFull, user); }

  void put(VirtAddr user, std::uint32_t count) const {
    CachedBlock<M>{this->memory(), user}.set_next(head());
    set_head(user);
    set_count(count + 1);
  }
  [[nodiscard]] VirtAddr take(VirtAddr head) const {
    set_head(CachedBlock<M>{this->memory(), head}.next());
    set_count(count() - 1);
    return head;
  }

 private:
  static constexpr Field<VirtAddr, 0, Writer::TcacheBlock> kHead{};
  static constexpr Field<VirtAddr, 8, Writer::TcacheBlock> kFull{};
  static constexpr Field<std::uint32_t, 16, Writer::TcacheBlock> kCount{};
  static constexpr Field<std::uint32_t, 20, Writer::TcacheBlock> kMost{};
};

/// The block of slots that a thread's record points to; null: the thread has none.
template <ReadableMemory M>
class ThreadCache : public View<M> {
 public:
  using View<M>::View;
  // NOLINTNEXTLINE(bugprone-dynamic-static-initializers): constexpr is never dynamic
  static constexpr std::size_t kBytes = kSizeClasses * CacheSlot<M>::kBytes;

  [[nodiscard]] static ThreadCache of_thread(M memory) {
    return {memory, ThreadRecord<M>{memory}.tcache()};
  }
  [[nodiscard]] CacheSlot<M> slot(std::size_t i) const {
    return {this->memory(), this->at() + i * CacheSlot<M>::kBytes};
  }
};

}  // namespace allocator
