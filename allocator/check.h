// A heap walked and proved whole: lists, headers, feet, bin map and caches agree with each other.
#pragma once

#include <cstddef>

#include "allocator/bins.h"
#include "allocator/tcache.h"
#include "allocator/walk.h"

namespace allocator {

/// The first thing found wrong, and where; `broken` is null when all is well.
struct HeapCheck {
  const char* broken = nullptr;
  VirtAddr at;
  std::size_t free_chunks = 0;  ///< in the lists of the arenas seen, top and fastbins aside

  [[nodiscard]] explicit operator bool() const noexcept { return broken == nullptr; }
  /// Remembers the first claim that does not hold; gives it back.
  bool holds(bool claim, const char* rule, VirtAddr where) {
    if (!claim && broken == nullptr) {
      broken = rule;
      at = where;
    }
    return claim;
  }
};

/// The lists that free chunks are in. A list's number is its bin or its class.
enum class ListKind : std::uint8_t { ThreadCache, Depot, Fast, Unsorted, Small, Large };

/// What a chunk is as far as its own segment tells.
enum class ChunkRole : std::uint8_t { InUse, Free, Top, Fence, Broken };

/// Sees nothing. Another witness is told what a walk meets, and wants all of it: its memory must
/// bear loads from anywhere, since the walk then goes on behind what is broken.
struct NoWitness {
  static constexpr bool kWantsAll = false;
  void segment(Segment /*segment*/) {}
  void chunk(VirtAddr /*at*/, std::uint64_t /*head*/, ChunkRole /*role*/) {}
  void list(ListKind /*kind*/, std::size_t /*number*/, VirtAddr /*owner*/) {}
  void member(VirtAddr /*chunk*/) {}
};

/// The bin of a doubly linked list.
[[nodiscard]] constexpr ListKind kind_of_bin(std::size_t bin) noexcept {
  if (bin == kUnsorted) return ListKind::Unsorted;
  return bin < bin_index(ChunkSize::of(kMinLarge)) ? ListKind::Small : ListKind::Large;
}

/// Reads what it walks, and nothing else; the caller keeps other threads out. Of the main arena
/// what lies behind memory of somebody else is not known here; see walk_segment.
template <ReadableMemory M, class Policy, class Witness = NoWitness>
class HeapWalk {
 public:
  HeapWalk(M memory, HeapRoots roots, Witness& witness)
      : m_{memory}, roots_{roots}, witness_{witness} {}

  /// All arenas: their segments in the order of addresses, then their lists.
  void walk_arenas() {
    visit_main_segment(m_, roots_.first_chunk, [this](Segment segment) { walk_segment(segment); });
    const Arena<M> main = Arena<M>::main(m_);
    if (roots_.first_chunk.is_null() && main.top() != main.initial_top()) complete_ = false;
    for_each_arena([this](Arena<M> av) {
      if (!av.is_main()) walk_heaps(av);
    });
    for_each_arena([this](Arena<M> av) { check_arena(av); });
    if (complete_ && found_) {
      found_.holds(seen_free_ == found_.free_chunks, "a free chunk is in no list",
                   roots_.first_chunk);
    }
  }

  /// From the first chunk to top, to a fence, or to the first chunk that is broken.
  void walk_segment(Segment segment) {
    const Arena<M> av{m_, segment.arena};
    witness_.segment(segment);
    bool lower_free = false;
    for (Chunk<M> p{m_, segment.begin}; goes_on(); p = p.after(p.size())) {
      const bool is_top = p == av.top();
      if (!is_top && bytes(p.size()) <= kChunkHeader) return walk_fences(p, segment, lower_free);
      const bool whole = check_header(p, segment, lower_free);
      const ChunkRole role = is_top ? ChunkRole::Top : role_of(p, whole);
      witness_.chunk(p.at(), is_top ? p.top_head() : p.head(), whole ? role : ChunkRole::Broken);
      if (is_top || !whole) return;
      const bool free = role == ChunkRole::Free;
      holds(!(free && lower_free), "two free chunks touch", p.at());
      lower_free = free;
      seen_free_ += lower_free ? 1 : 0;
    }
  }

  /// A thread's cache.
  void check_tcache(Tcache<M> tcache) {
    for (std::size_t i = 0; i < roots_.tcache_bins && goes_on(); ++i) {
      std::size_t left = tcache.count(i);
      if (left != 0) witness_.list(ListKind::ThreadCache, i, tcache.at());
      for (VirtAddr user = tcache.head(i); !user.is_null() && left > 0 && goes_on(); --left) {
        const Chunk<M> p = Chunk<M>::of_user(m_, user);
        witness_.member(p.at());
        if (!holds(tcache_index(p.size()) == i, "a tcache bin holds another size", user)) break;
        user = tcache.next_of(user);
      }
      holds(left == 0, "a tcache count exceeds its list", tcache.at());
    }
  }

  [[nodiscard]] const HeapCheck& found() const noexcept { return found_; }

 private:
  static constexpr std::size_t kMostArenas = 65536;  ///< more: a ring that does not close

  bool holds(bool claim, const char* broken, VirtAddr at) {
    return found_.holds(claim, broken, at);
  }
  [[nodiscard]] bool goes_on() const { return Witness::kWantsAll || found_; }

  template <class Visit>
  void for_each_arena(Visit visit) {
    const Arena<M> main = Arena<M>::main(m_);
    Arena<M> av = main;
    std::size_t seen = 0;
    do {
      visit(av);
      av = av.next();
      const bool sound = !av.is_null() && ++seen < kMostArenas;
      if (!holds(sound, "the ring of arenas does not close", av.at())) return;
    } while (av != main && goes_on());
  }

  void walk_heaps(Arena<M> av) {
    std::size_t seen = 0;
    for_each_heap_segment<Policy>(av, roots_.heap_max, [&](Heap<M> heap, Segment segment) {
      const bool sound = heap.arena() == av && heap.at().is_aligned(roots_.heap_max) &&
                         heap.size() <= roots_.heap_max && ++seen < kMostArenas;
      if (!holds(sound, "a heap's header is bad", heap.at())) return false;
      walk_segment(segment);
      return goes_on();
    });
  }

  /// Fences tell that the heap ends here, or that somebody else moved the break: what lies behind
  /// is not known. The chunk below the first one may be free.
  void walk_fences(Chunk<M> p, Segment segment, bool lower_free) {
    constexpr unsigned kMostFences = 2;  // no memory need lie behind them
    const bool whole = is_fence(p) && p.prev_inuse() != lower_free;
    if (!holds(whole, "a header is bad", p.at())) {
      return witness_.chunk(p.at(), p.head(), ChunkRole::Broken);
    }
    for (unsigned i = 0; i < kMostFences && p.at() < segment.end && is_fence(p); ++i) {
      witness_.chunk(p.at(), p.head(), ChunkRole::Fence);
      p = p.after(ChunkSize::of(kChunkHeader));
    }
    if (segment.arena == m_.globals()) complete_ = false;
  }
  [[nodiscard]] static bool is_fence(Chunk<M> p) {
    return p.head() == kPrevInuse || (p.head() & ~kPrevInuse) == kChunkHeader;
  }

  /// Whether p can be what its header says, and belies no neighbour.
  bool check_header(Chunk<M> p, Segment segment, bool lower_free) {
    const std::size_t size = bytes(p.size());
    const bool fits = size >= kMinSize && size % kAlignment == 0 && p.at() < segment.end &&
                      size <= segment.end - p.at();
    return holds(fits, "a header is bad", p.at()) &&
           holds(p.prev_inuse() != lower_free, "a header belies the chunk below", p.at());
  }
  /// What the chunk above says of p.
  [[nodiscard]] ChunkRole role_of(Chunk<M> p, bool whole) const {
    if (!whole) return ChunkRole::Broken;
    const std::uint64_t next = p.after(p.size()).head();
    if ((next & kPrevInuse) == 0) return ChunkRole::Free;
    return next == kPrevInuse ? ChunkRole::Fence : ChunkRole::InUse;
  }

  void check_arena(Arena<M> av) {
    const Chunk<M> top = av.top();
    if (top != av.initial_top()) {
      holds(top.prev_inuse(), "top's lower neighbour is free", top.at());
      holds(bytes(top.top_size()) <= av.system_mem(), "top is larger than the arena", top.at());
    }
    for (std::size_t i = 0; i < kFastbins && goes_on(); ++i) check_fastbin(av, i);
    for (std::size_t i = 1; i < kBins - 1 && goes_on(); ++i) check_bin(av, i);
  }

  void check_fastbin(Arena<M> av, std::size_t i) {
    Chunk<M> p = av.fastbin(i);
    if (!p.is_null()) witness_.list(ListKind::Fast, i, av.at());
    for (std::size_t left = av.system_mem() / kMinSize; !p.is_null() && goes_on(); --left) {
      const ChunkSize size = p.size();
      if (!holds(left != 0, "a fastbin runs in a circle", p.at())) return;
      witness_.member(p.at());
      if (!holds(fastbin_index(size) == i, "a fastbin holds another class's chunk", p.at())) return;
      holds(p.inuse(size), "a fastbin chunk looks free to its neighbour", p.at());
      holds(av.have_fast(), "a fastbin is filled, have_fast says not", p.at());
      p = p.fast_next();
    }
  }

  void check_bin(Arena<M> av, std::size_t i) {
    const Chunk<M> bin = av.bin(i);
    if (bin.fd() != bin) witness_.list(kind_of_bin(i), i, av.at());
    Chunk<M> before = bin;
    for (Chunk<M> p = bin.fd(); p != bin && goes_on(); p = p.fd()) {
      if (!holds(p.bk() == before, "a list's bk does not lead back", p.at())) return;
      witness_.member(p.at());
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
    if (kind_of_bin(i) == ListKind::Large) check_ring(bin);
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

  [[no_unique_address]] M m_;
  HeapRoots roots_;
  Witness& witness_;
  HeapCheck found_;
  std::size_t seen_free_ = 0;
  bool complete_ = true;  ///< no part of the main arena is beyond a fence, or not known
};

/// Walks every arena's heaps and lists, and the calling thread's cache.
template <class Policy = Glibc236, ReadableMemory M>
[[nodiscard]] HeapCheck check_heap(M memory) {
  if (Params<M>{memory}[Params<M>::kInitialized] == 0) return {};
  NoWitness nobody;
  HeapWalk<M, Policy> walk{memory, heap_roots<Policy>(memory), nobody};
  walk.walk_arenas();
  const Tcache<M> tcache = Tcache<M>::of_thread(memory);
  if (walk.found() && !tcache.is_null()) walk.check_tcache(tcache);
  return walk.found();
}

}  // namespace allocator
