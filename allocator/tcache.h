// The thread's own cache: singly linked lists of chunks that need no lock.
#pragma once

#include <cstddef>
#include <cstdint>

#include "allocator/chunk.h"
#include "allocator/params.h"

namespace allocator {

/// The block a thread allocates for its cache: 64 counts of 16 bits, then 64 list heads. Cached
/// chunks link through their first user word, mangled, and carry the process's key in the second
/// (section 5). A thread that has no block has a null view.
template <ReadableMemory M>
class Tcache : public View<M> {
 public:
  using View<M>::View;

  [[nodiscard]] static Tcache of_thread(M memory) {
    return {memory, ThreadRecord<M>{memory}.tcache()};
  }
  [[nodiscard]] std::size_t count(std::size_t i) const { return this->get(kCount, i * 2); }
  [[nodiscard]] VirtAddr head(std::size_t i) const { return this->get(kEntry, i * 8); }

  /// Hands out the user pointer cached last; count(i) > 0.
  [[nodiscard]] VirtAddr get_chunk(std::size_t i) const {
    const VirtAddr user = head(i);
    if (!user.is_aligned(kAlignment)) [[unlikely]] {
      this->memory().die("malloc(): unaligned tcache chunk detected");
    }
    remove_head(i, user);
    return user;
  }
  /// The second half of get_chunk: `user` is head(i), and aligned.
  void remove_head(std::size_t i, VirtAddr user) const {
    const Entry entry{this->memory(), user};
    this->set(kEntry, entry.next(), i * 8);
    set_count(i, count(i) - 1);
    entry.set_key(0);
  }
  void put(std::size_t i, VirtAddr user, std::uint64_t key) const {
    const Entry entry{this->memory(), user};
    entry.set_key(key);
    entry.set_next(head(i));
    this->set(kEntry, user, i * 8);
    set_count(i, count(i) + 1);
  }
  /// The word a cached chunk keeps the key in.
  [[nodiscard]] static std::uint64_t key_of(M memory, VirtAddr user) {
    return Entry{memory, user}.key();
  }
  [[nodiscard]] VirtAddr next_of(VirtAddr user) const { return Entry{this->memory(), user}.next(); }
  void set_head(std::size_t i, VirtAddr user) const { this->set(kEntry, user, i * 8); }

 private:
  class Entry : public View<M> {
   public:
    using View<M>::View;
    [[nodiscard]] VirtAddr next() const { return protect_ptr(this->at(), this->get(kNext)); }
    void set_next(VirtAddr to) const { this->set(kNext, protect_ptr(this->at(), to)); }
    [[nodiscard]] std::uint64_t key() const { return this->get(kKey); }
    void set_key(std::uint64_t key) const { this->set(kKey, key); }

   private:
    static constexpr Field<VirtAddr, 0, Writer::ListLink> kNext{};
    static constexpr Field<std::uint64_t, 8, Writer::ListLink> kKey{};
  };
  static constexpr Field<std::uint16_t, 0, Writer::TcacheBlock> kCount{};
  static constexpr Field<VirtAddr, 128, Writer::TcacheBlock> kEntry{};

  void set_count(std::size_t i, std::size_t n) const {
    this->set(kCount, static_cast<std::uint16_t>(n), i * 2);
  }
};

}  // namespace allocator
