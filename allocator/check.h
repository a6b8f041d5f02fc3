// A heap walked and proved whole: lists, headers, feet, bin map and caches agree with each other.
#pragma once

#include <cstddef>

#include "allocator/bins.h"
#include "allocator/params.h"
#include "allocator/tcache.h"

namespace allocator {

/// The first thing found wrong, and where; `broken` is null when all is well.
struct HeapCheck {
  const char* broken = nullptr;
  VirtAddr at;
  std::size_t free_chunks = 0;  ///< in the lists of the arenas seen, top and fastbins aside

  [[nodiscard]] explicit operator bool() const noexcept { return broken == nullptr; }
};

/// Reads what it walks, and nothing else; the caller keeps other threads out. The heap of the main
/// arena is walked chunk by chunk only while the break is the allocator's alone.
template <MemoryBackend M>
class HeapChecker {
 public:
  explicit HeapChecker(M memory) : m_{memory} {}

  [[nodiscard]] HeapCheck check() {
    const Params<M> par{m_};
    if (par[Params<M>::kInitialized] == 0) return found_;
    const Arena<M> main = Arena<M>::main(m_);
    Arena<M> av = main;
    do {
      check_arena(av);
      av = av.next();
    } while (av != main && found_);
    if (found_ && main.contiguous()) walk_main(main, par[Params<M>::kSbrkBase]);
    if (found_) check_tcache();
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

  void check_arena(Arena<M> av) {
    const Chunk<M> top = av.top();
    if (top != av.initial_top()) {
      holds(top.prev_inuse(), "top's lower neighbour is free", top.at());
      holds(bytes(top.top_size()) <= av.system_mem(), "top is larger than the arena", top.at());
    }
    for (std::size_t i = 0; i < kFastbins && found_; ++i) check_fastbin(av, i);
    for (std::size_t i = 1; i < kBins - 1 && found_; ++i) check_bin(av, i);
  }

  void check_fastbin(Arena<M> av, std::size_t i) {
    for (Chunk<M> p = av.fastbin(i); !p.is_null() && found_; p = p.fast_next()) {
      const ChunkSize size = p.size();
      if (!holds(fastbin_index(size) == i, "a fastbin holds another class's chunk", p.at())) return;
      holds(p.inuse(size), "a fastbin chunk looks free to its neighbour", p.at());
      holds(av.have_fast(), "a fastbin is filled, have_fast says not", p.at());
    }
  }

  void check_bin(Arena<M> av, std::size_t i) {
    const Chunk<M> bin = av.bin(i);
    Chunk<M> before = bin;
    for (Chunk<M> p = bin.fd(); p != bin && found_; p = p.fd()) {
      if (!holds(p.bk() == before, "a list's bk does not lead back", p.at())) return;
      check_free_chunk(p);
      ++found_.free_chunks;
      if (i != kUnsorted) {
        holds(bin_index(p.size()) == i, "a bin holds another size's chunk", p.at());
        holds(before == bin || before.size() >= p.size(), "a bin is not sorted", p.at());
        holds((av.binmap(i / 32) >> (i % 32) & 1) != 0, "a filled bin is unmarked", p.at());
      }
      before = p;
    }
    holds(bin.bk() == before, "a list's end is not its sentinel's bk", bin.at());
    if (i >= bin_index(ChunkSize::of(kMinLarge))) check_ring(bin);
  }

  void check_free_chunk(Chunk<M> p) {
    const ChunkSize size = p.size();
    const Chunk<M> next = p.after(size);
    holds(bytes(size) >= kMinSize && bytes(size) % kAlignment == 0, "a free size is bad", p.at());
    holds((p.head() & kSizeBits) == kPrevInuse, "a free chunk's flags are bad", p.at());
    holds(!next.prev_inuse(), "a free chunk looks used to its neighbour", p.at());
    holds(next.prev_size() == bytes(size), "a foot differs from its head", p.at());
  }

  /// Leaders, and only they, are in the ring, in the list's order.
  void check_ring(Chunk<M> bin) {
    const Chunk<M> front = bin.fd();
    if (front == bin || !found_) return;
    Chunk<M> leader = front;
    for (Chunk<M> p = front.fd(); p != bin && found_; p = p.fd()) {
      const bool leads = p.size() != leader.size();
      if (!holds(leads == !p.fd_nextsize().is_null(), "a group has not one leader", p.at())) return;
      if (!leads) continue;
      holds(leader.fd_nextsize() == p, "a ring skips a leader", p.at());
      holds(p.bk_nextsize() == leader, "a ring does not lead back", p.at());
      leader = p;
    }
    holds(leader.fd_nextsize() == front, "a ring is open", leader.at());
    holds(front.bk_nextsize() == leader, "a ring is open backwards", front.at());
  }

  /// From the first chunk to top. A fence (16 bytes) tells that somebody else moved the break; what
  /// lies behind it is not known.
  void walk_main(Arena<M> av, VirtAddr begin) {
    const Chunk<M> top = av.top();
    if (begin.is_null() || top == av.initial_top()) return;
    std::size_t seen_free = 0;
    bool lower_free = false;
    for (Chunk<M> p{m_, begin.align_up(kAlignment)}; p != top && found_;) {
      const ChunkSize size = p.size();
      if (bytes(size) == kChunkHeader) return;
      if (!holds(bytes(size) >= kMinSize && p.at() < top.at(), "a header is bad", p.at())) return;
      holds(p.prev_inuse() != lower_free, "a header belies the chunk below", p.at());
      const bool free = !p.inuse(size);
      holds(!(free && lower_free), "two free chunks touch", p.at());
      seen_free += free ? 1 : 0;
      lower_free = free;
      p = p.after(size);
    }
    if (main_only(av)) {
      holds(seen_free == found_.free_chunks, "a free chunk is in no list", begin);
    }
  }
  [[nodiscard]] static bool main_only(Arena<M> main) { return main.next() == main; }

  void check_tcache() {
    const Tcache<M> tcache = Tcache<M>::of_thread(m_);
    const Params<M> par{m_};
    if (tcache.is_null()) return;
    for (std::size_t i = 0; i < par[Params<M>::kTcacheBins] && found_; ++i) {
      std::size_t left = tcache.count(i);
      for (VirtAddr user = tcache.head(i); !user.is_null() && left > 0 && found_; --left) {
        const Chunk<M> p = Chunk<M>::of_user(m_, user);
        if (!holds(tcache_index(p.size()) == i, "a tcache bin holds another size", user)) return;
        user = tcache.next_of(user);
      }
      holds(left == 0, "a tcache count exceeds its list", tcache.at());
    }
  }

  [[no_unique_address]] M m_;
  HeapCheck found_;
};

/// Walks every arena's lists, the main heap and the calling thread's cache.
template <MemoryBackend M>
[[nodiscard]] HeapCheck check_heap(M memory) {
  return HeapChecker<M>{memory}.check();
}

}  // namespace allocator
