// Growing and trimming the main arena: the break, and a mapping where the break is refused.
#pragma once

#include <sys/mman.h>

#include <cerrno>

#include "allocator/core.h"

namespace allocator {

/// Serves nb from the kernel (section 10): a mapping of its own, or a larger top. av may be null:
/// then only a mapping is left.
template <MemoryBackend M, class Policy>
auto Core<M, Policy>::sysmalloc(Arena av, ChunkSize nb) -> Chunk {
  const M m = av.memory();
  const Params par{m};
  const Chunk none{m, VirtAddr{}};
  const auto mmaps = static_cast<std::int64_t>(par[Params::kMmaps]);
  const auto mmaps_max = static_cast<std::int64_t>(par[Params::kMmapsMax]);
  bool tried_mmap = false;
  const std::size_t threshold = par[Params::kMmapThreshold];
  if (av.is_null() || (bytes(nb) >= threshold && mmaps < mmaps_max)) {
    note(m, Decision::MmapThreshold, bytes(nb), threshold);
    if (const Chunk p = try_mmap(av, nb); !p.is_null()) return p;
    tried_mmap = true;
  }
  if (av.is_null()) return none;
  if constexpr (!Policy::kTcache) {
    if (merge_kept(av)) return allocate_chunk(av, nb);
  }
  check_top(av);
  note_growth(m);
  if (av.is_main()) {
    grow_main(av, nb);
  } else if (const Chunk p = grow_heaps(av, nb, tried_mmap); !p.is_null()) {
    return p;
  }
  note_size(av);
  const Chunk top = av.top();
  const ChunkSize size = top.top_size();
  if (bytes(size) < bytes(nb) + kMinSize) {
    note(m, Decision::NoMemory, bytes(size));
    m.set_error(ENOMEM);
    return none;
  }
  note(m, Decision::TopCut, top.at().raw(), bytes(size), bytes(nb));
  const Chunk rest = top.after(nb);
  av.set_top(rest);
  top.set_head(nb, kPrevInuse | av.flag());
  rest.set_top_head(size - nb);
  return top;
}

template <MemoryBackend M, class Policy>
void Core<M, Policy>::note_size(Arena av) {
  const std::size_t size = av.system_mem();
  if (size > av[Arena::kMaxSystemMem]) av.put(Arena::kMaxSystemMem, size);
  if constexpr (!Policy::kTcache) {
    if (size >= Policy::kIdleFrom) Params{av.memory()}.put(Params::kWasLarge, 1);
  }
}

/// The text is the library's own assertion, which a program that moves the break unaligned can see.
template <MemoryBackend M, class Policy>
void Core<M, Policy>::check_top(Arena av) {
  const Chunk top = av.top();
  const std::uint64_t head = top.top_head();
  const ChunkSize size = ChunkSize::of(head & ~kSizeBits);
  if (top == av.initial_top() && bytes(size) == 0) return;
  if (bytes(size) >= kMinSize && (head & kPrevInuse) != 0 &&
      top.after(size).at().is_aligned(av.memory().page_size())) {
    return;
  }
  av.memory().die(
      "Fatal glibc error: malloc assertion failure in sysmalloc: "
      "(old_top == initial_top (av) && old_size == 0) || ((unsigned long) (old_size) >= MINSIZE "
      "&& prev_inuse (old_top) && ((unsigned long) old_end & (pagesize - 1)) == 0)");
}

/// Memory got from the kernel. A known end tells that it is a mapping.
template <MemoryBackend M, class Policy>
struct Core<M, Policy>::Extent {
  VirtAddr begin;
  std::size_t length = 0;
  VirtAddr known_end;
};

/// The C library's sbrk, remembering that the break has been asked for.
template <MemoryBackend M, class Policy>
VirtAddr Core<M, Policy>::sbrk(M m, std::ptrdiff_t delta) {
  Params{m}.put(Params::kBreakKnown, 1);
  return m.sbrk(delta);
}

template <MemoryBackend M, class Policy>
void Core<M, Policy>::grow_main(Arena av, ChunkSize nb) {
  const M m = av.memory();
  const Params par{m};
  const Extent got = more_core(av, nb);
  if (got.begin.is_null()) return;
  if (par[Params::kSbrkBase].is_null()) par.put(Params::kSbrkBase, got.begin);
  av.add(Arena::kSystemMem, got.length);
  const Chunk old = av.top();
  const ChunkSize old_size = old.top_size();
  const VirtAddr old_end = old.after(old_size).at();
  if (got.begin == old_end && got.known_end.is_null()) {
    note(m, Decision::TopGrown, old.at().raw(), bytes(old_size), got.length);
    return old.set_top_head(old_size + ChunkSize::of(got.length));
  }
  if (av.contiguous() && bytes(old_size) != 0 && got.begin < old_end) {
    m.die("break adjusted to free malloc space");
  }
  place_new_top(av, got);
}

template <MemoryBackend M, class Policy>
auto Core<M, Policy>::more_core(Arena av, ChunkSize nb) -> Extent {
  const M m = av.memory();
  const Params par{m};
  const std::size_t thp = thp_step(av, bytes(nb));
  std::size_t want = bytes(nb) + par[Params::kTopPad] + kMinSize;
  if (av.contiguous()) want -= bytes(av.top().top_size());
  if (thp != 0) {
    // The C library's remembered break, which is 0 until the kernel was first asked.
    const std::size_t now = par[Params::kBreakKnown] != 0 ? m.sbrk(0).raw() : 0;
    want = align_up(now + want, thp) - now;
  } else {
    want = align_up(want, m.page_size());
  }
  const auto delta = static_cast<std::ptrdiff_t>(want);
  if (delta > 0 && par[Params::kHugeSize] == 0) {
    if (const VirtAddr begin = sbrk(m, delta); !begin.is_null()) {
      if (thp != 0) madvise_thp(m, begin, want);
      return {begin, want, VirtAddr{}};
    }
  }
  return mmap_fallback(av, nb, want);
}

/// A mapping instead of the break: from now on the arena is not contiguous (section 10.2, step 3).
template <MemoryBackend M, class Policy>
auto Core<M, Policy>::mmap_fallback(Arena av, ChunkSize nb, std::size_t want) -> Extent {
  const M m = av.memory();
  const Params par{m};
  const auto attempt = [&](std::size_t round, std::size_t least, int flags) -> Extent {
    std::size_t size = want;
    if (av.contiguous()) size = align_up(size + bytes(av.top().top_size()), round);
    if (size < least) size = least;
    if (size <= bytes(nb)) return {};
    const VirtAddr at =
        m.mmap(VirtAddr{}, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags);
    if (at.is_null()) return {};
    note(m, Decision::BreakMapped, at.raw(), size);
    if (flags == 0) madvise_thp(m, at, size);
    av.set_noncontiguous();
    return {at, size, at + size};
  };
  if (const std::size_t huge = par[Params::kHugeSize]; huge > 0) {
    const Extent got = attempt(huge, huge, static_cast<int>(par[Params::kHugeFlags]));
    if (!got.begin.is_null()) return got;
  }
  if constexpr (Policy::kSwappedFallback) {
    return attempt(Policy::kMmapAsMorecore, m.page_size(), 0);
  } else {
    return attempt(m.page_size(), Policy::kMmapAsMorecore, 0);
  }
}

/// New memory that does not continue the old top: aligns it, and fences the old top off.
template <MemoryBackend M, class Policy>
void Core<M, Policy>::place_new_top(Arena av, Extent got) {
  const M m = av.memory();
  const Chunk old = av.top();
  const ChunkSize old_size = old.top_size();
  VirtAddr start = got.begin;
  VirtAddr end = got.known_end;
  std::size_t correction = 0;
  if (av.contiguous()) {
    // Somebody else moved the break: the gap counts, and the old top's size is asked for again.
    if (bytes(old_size) != 0) av.add(Arena::kSystemMem, got.begin - old.after(old_size).at());
    start = start.align_up(kAlignment);
    correction = (start - got.begin) + bytes(old_size);
    const VirtAddr reached = got.begin + got.length + correction;
    correction += reached.align_up(m.page_size()) - reached;
    end = sbrk(m, static_cast<std::ptrdiff_t>(correction));
    if (end.is_null()) {
      correction = 0;
      end = sbrk(m, 0);
    } else {
      madvise_thp(m, end, correction);
    }
  } else {
    if (!start.is_aligned(kAlignment)) {
      m.die(
          "Fatal glibc error: malloc assertion failure in sysmalloc: "
          "((unsigned long) chunk2mem (brk) & MALLOC_ALIGN_MASK) == 0");
    }
    if (end.is_null()) end = sbrk(m, 0);
  }
  if (end.is_null()) return;
  const Chunk top{m, start};
  note(m, Decision::TopPlaced, start.raw(), (end - start) + correction);
  av.set_top(top);
  top.set_top_head(ChunkSize::of((end - start) + correction));
  av.add(Arena::kSystemMem, correction);
  if (bytes(old_size) != 0) fence_main(av, old, old_size);
}

/// Two chunks of 16 bytes in use end the old top, so that nothing merges across; the rest is freed.
template <MemoryBackend M, class Policy>
void Core<M, Policy>::fence_main(Arena av, Chunk old, ChunkSize old_size) {
  const ChunkSize kept = ChunkSize::of(align_down(bytes(old_size) - kMinSize, kAlignment));
  const ChunkSize fence = ChunkSize::of(kChunkHeader);
  note(av.memory(), Decision::Fenced, old.at().raw(), bytes(kept));
  old.set_head(kept, kPrevInuse);
  old.after(kept).set_head(fence, kPrevInuse);
  old.after(kept + fence).set_head(fence, kPrevInuse);
  if (bytes(kept) >= kMinSize) int_free(av, old, Lock::Held);
}

}  // namespace allocator
