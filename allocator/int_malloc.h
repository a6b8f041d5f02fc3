// The core allocation: fastbin, small bin, unsorted list, bins, top (spec/ptmalloc section 9).
#pragma once

#include <bit>
#include <cerrno>

#include "allocator/core.h"

namespace allocator {

template <MemoryBackend M, class Policy>
VirtAddr Core<M, Policy>::int_malloc(Arena av, std::size_t request) {
  const M m = av.memory();
  if (request > kMaxRequest) {
    m.set_error(ENOMEM);
    return {};
  }
  const ChunkSize nb = padded_size(request);
  const Chunk p = av.is_null() ? sysmalloc(av, nb) : allocate_chunk(av, nb);
  if (p.is_null()) return {};
  alloc_perturb(m, p.user(), request);
  return p.user();
}

template <MemoryBackend M, class Policy>
auto Core<M, Policy>::allocate_chunk(Arena av, ChunkSize nb) -> Chunk {
  if (bytes(nb) <= Params{av.memory()}[Params::kMaxFast]) {
    if (const Chunk p = take_fastbin(av, nb); !p.is_null()) return p;
  }
  if (!nb.is_large()) {
    if (const Chunk p = take_smallbin(av, nb); !p.is_null()) return p;
  } else if (av.have_fast()) {
    malloc_consolidate(av);
  }
  const std::size_t bin = bin_index(nb);
  for (;;) {
    if (av.unsorted().bk() != av.unsorted()) {
      if (const Chunk p = sort_unsorted(av, nb); !p.is_null()) return p;
    } else {
      note(av.memory(), Decision::UnsortedEmpty);
    }
    if (const Chunk p = take_from_bins(av, nb, bin); !p.is_null()) return p;
    if (const Chunk p = split_top(av, nb); !p.is_null()) return p;
    if (!av.have_fast()) return sysmalloc(av, nb);
    malloc_consolidate(av);
  }
}

/// What an allocation of one size may put in the thread's cache while it is at it (section 5).
template <MemoryBackend M, class Policy>
struct Core<M, Policy>::Stash {
  Stash(M memory, ChunkSize size) : m{memory}, tcache{Tcache::of_thread(m)} {
    const Params par{m};
    index = tcache_index(size);
    usable = !tcache.is_null() && index < par[Params::kTcacheBins];
  }
  [[nodiscard]] bool has_room() const {
    return usable && tcache.count(index) < Params{m}[Params::kTcacheCount];
  }
  void put(Chunk p) const {
    note(m, Decision::Stashed, index, p.at().raw());
    tcache.put(index, p.user(), Params{m}[Params::kTcacheKey]);
  }
  [[nodiscard]] Chunk take() const {
    note(m, Decision::StashTaken, index);
    return Chunk::of_user(m, tcache.get_chunk(index));
  }

  [[no_unique_address]] M m;
  Tcache tcache;
  std::size_t index = 0;
  bool usable = false;
};

template <MemoryBackend M, class Policy>
auto Core<M, Policy>::take_fastbin(Arena av, ChunkSize nb) -> Chunk {
  const M m = av.memory();
  const std::size_t index = fastbin_index(nb);
  const Chunk p = av.fastbin(index);
  if (p.is_null()) {
    note(m, Decision::FastbinEmpty, index);
    return p;
  }
  note(m, Decision::FastbinHit, index, p.at().raw());
  if (!p.at().is_aligned(kAlignment)) m.die("malloc(): unaligned fastbin chunk detected 2");
  const Chunk next = p.fast_next();
  if (!m.single_threaded() && !next.at().is_aligned(kAlignment)) {
    m.die("malloc(): unaligned fastbin chunk detected");
  }
  av.set_fastbin(index, next);
  if (fastbin_index(p.size()) != index) m.die("malloc(): memory corruption (fast)");
  const Stash stash{m, nb};
  while (stash.has_room()) {
    const Chunk spare = av.fastbin(index);
    if (spare.is_null()) break;
    if (!spare.at().is_aligned(kAlignment)) m.die("malloc(): unaligned fastbin chunk detected 3");
    av.set_fastbin(index, spare.fast_next());
    stash.put(spare);
  }
  return p;
}

template <MemoryBackend M, class Policy>
auto Core<M, Policy>::take_smallbin(Arena av, ChunkSize nb) -> Chunk {
  const Chunk bin = av.bin(bin_index(nb));
  const auto take_back = [&](Chunk v, Chunk bk) {
    v.after(nb).set_prev_inuse();
    bin.set_bk(bk);
    bk.set_fd(bin);
    if (!av.is_main()) v.set_raw_head(v.head() | kNonMainArena);
  };
  const Chunk v = bin.bk();
  if (v == bin) {
    note(av.memory(), Decision::SmallbinEmpty, bin_index(nb));
    return {av.memory(), VirtAddr{}};
  }
  note(av.memory(), Decision::SmallbinHit, bin_index(nb), v.at().raw());
  const Chunk bk = v.bk();
  if (bk.fd() != v) av.memory().die("malloc(): smallbin double linked list corrupted");
  take_back(v, bk);
  const Stash stash{av.memory(), nb};
  while (stash.has_room()) {
    const Chunk spare = bin.bk();
    if (spare == bin) break;
    take_back(spare, spare.bk());
    stash.put(spare);
  }
  return v;
}

template <MemoryBackend M, class Policy>
auto Core<M, Policy>::take_from_bins(Arena av, ChunkSize nb, std::size_t bin) -> Chunk {
  if (nb.is_large()) {
    if (const Chunk p = take_large(av, nb, bin); !p.is_null()) return p;
  }
  return take_larger_bin(av, nb, bin);
}

/// The best fit of the request's own large bin: the smallest group that is large enough, and of it
/// the second chunk, so that the ring of sizes stays as it is.
template <MemoryBackend M, class Policy>
auto Core<M, Policy>::take_large(Arena av, ChunkSize nb, std::size_t index) -> Chunk {
  const Chunk bin = av.bin(index);
  const Chunk front = bin.fd();
  if (front == bin || front.size() < nb) {
    note(av.memory(), Decision::LargebinNone, index);
    return {av.memory(), VirtAddr{}};
  }
  Chunk v = front.bk_nextsize();
  while (v.size() < nb) v = v.bk_nextsize();
  if (v != bin.bk() && v.head() == v.fd().head()) v = v.fd();
  note(av.memory(), Decision::LargebinHit, index, v.at().raw());
  return carve(av, v, nb, false, "malloc(): corrupted unsorted chunks");
}

/// The smallest chunk of the next larger bin that has one; bits of empty bins are cleared on the
/// way.
template <MemoryBackend M, class Policy>
auto Core<M, Policy>::take_larger_bin(Arena av, ChunkSize nb, std::size_t bin_of_nb) -> Chunk {
  std::size_t index = bin_of_nb + 1;
  while (index < kBins) {
    const std::uint32_t later = av.binmap(index / 32) >> (index % 32);
    if (later == 0) {
      index = align_up(index + 1, 32);
      continue;
    }
    index += static_cast<std::size_t>(std::countr_zero(later));
    const Chunk bin = av.bin(index);
    const Chunk v = bin.bk();
    if (v != bin) {
      note(av.memory(), Decision::LargerBinHit, index, v.at().raw());
      return carve(av, v, nb, !nb.is_large(), "malloc(): corrupted unsorted chunks 2");
    }
    av.unmark_bin(index);
    ++index;
  }
  note(av.memory(), Decision::LargerBinNone);
  return {av.memory(), VirtAddr{}};
}

/// Takes v out of its bin and hands out nb bytes of it; what is left goes back to the unsorted list
/// (section 8).
template <MemoryBackend M, class Policy>
auto Core<M, Policy>::carve(Arena av, Chunk v, ChunkSize nb, bool remember, const char* corrupted)
    -> Chunk {
  const ChunkSize size = v.size();
  const ChunkSize rest = size - nb;
  note(av.memory(), bytes(rest) < kMinSize ? Decision::TakenWhole : Decision::Carved, v.at().raw(),
       bytes(size), bytes(rest));
  unlink_chunk(v);
  if (bytes(rest) < kMinSize) {
    v.after(size).set_prev_inuse();
    if (!av.is_main()) v.set_raw_head(v.head() | kNonMainArena);
    return v;
  }
  const Chunk remainder = v.after(nb);
  check_unsorted_front(av, corrupted);
  push_unsorted(av, remainder, rest);
  if (remember) av.set_last_remainder(remainder);
  v.set_head(nb, kPrevInuse | av.flag());
  return v;
}

template <MemoryBackend M, class Policy>
auto Core<M, Policy>::split_top(Arena av, ChunkSize nb) -> Chunk {
  const Chunk top = av.top();
  const ChunkSize size = top.top_size();
  if (bytes(size) > av.system_mem()) av.memory().die("malloc(): corrupted top size");
  if (bytes(size) < bytes(nb) + kMinSize) {
    note(av.memory(), Decision::TopTooSmall, bytes(size), bytes(nb));
    return {av.memory(), VirtAddr{}};
  }
  note(av.memory(), Decision::TopCut, top.at().raw(), bytes(size), bytes(nb));
  const Chunk rest = top.after(nb);
  av.set_top(rest);
  top.set_head(nb, kPrevInuse | av.flag());
  rest.set_top_head(size - nb);
  return top;
}

template <MemoryBackend M, class Policy>
void Core<M, Policy>::alloc_perturb(M m, VirtAddr user, std::size_t n) {
  const std::uint64_t perturb = Params{m}[Params::kPerturb];
  if (perturb == 0) return;
  m.fill(user, static_cast<std::uint8_t>(perturb ^ 0xff), n, tag(Writer::User));
}

}  // namespace allocator
