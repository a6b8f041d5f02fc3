// Huge pages: which memory the kernel is advised to use them for.
#pragma once

#include <sys/mman.h>

#include <algorithm>

#include "allocator/core.h"

namespace allocator {

/// Tells the kernel to use huge pages in [at, at + n), when tunable hugetlb=1 asks for it and they
/// fit (section 19).
template <MemoryBackend M, class Policy>
void Core<M, Policy>::madvise_thp(M m, VirtAddr at, std::size_t n) {
  const std::size_t thp = Params{m}[Params::kThpSize];
  if (thp == 0 || n < thp) return;
  const VirtAddr start = at.align_down(m.page_size());
  m.madvise(start, n + (at - start), MADV_HUGEPAGE);
}

/// Fresh memory that calloc serves is touched here and there, as hash tables are, while malloc's is
/// filled before it is read: a block of huge pages gets plain ones.
template <MemoryBackend M, class Policy>
void Core<M, Policy>::madvise_nohugepage(M m, VirtAddr at, std::size_t n) {
  const std::size_t thp = Policy::kHugeFrom == 0 ? 0 : Params{m}[Params::kThpSize];
  if (thp == 0 || n < thp) return;
  const VirtAddr start = at.align_up(m.page_size());
  m.madvise(start, align_down(n - (start - at), m.page_size()), MADV_NOHUGEPAGE);
}

/// Bytes that av, which needs so many more, grows by multiples of, for the sake of huge pages; 0:
/// of plain ones.
template <MemoryBackend M, class Policy>
std::size_t Core<M, Policy>::thp_step(Arena av, std::size_t need) {
  const Params par{av.memory()};
  if constexpr (Policy::kHugeFrom != 0) {
    const std::size_t from = par[Params::kHugeFrom];
    if (from == 0 || av.system_mem() + need < from) return 0;
    if (par[Params::kThpAsked] == 0) {
      par.put(Params::kThpSize, av.memory().thp_size());
      par.put(Params::kThpAsked, 1);
    }
    const std::size_t thp = par[Params::kThpSize];
    return thp == 0 || is_sparse(av, thp) ? 0 : thp;
  }
  return par[Params::kThpSize];
}

/// Whether more than a quarter of the last kHugeFrom bytes below top lies untouched. A program that
/// leaves much of its blocks so, or has not come to fill them yet, gets plain pages.
template <MemoryBackend M, class Policy>
bool Core<M, Policy>::is_sparse(Arena av, std::size_t thp) {
  const M m = av.memory();
  const Chunk top = av.top();
  VirtAddr end = top.at();
  std::size_t known = av.system_mem() - bytes(top.top_size());
  if (!av.is_main()) {
    Heap heap = heap_for(top);
    if (const Heap prev = heap.prev(); end - heap.at() < Policy::kHugeFrom && !prev.is_null()) {
      heap = prev;
      end = prev.end();
    }
    known = end - heap.at();
  }
  end = end.align_down(m.page_size());
  const VirtAddr begin = (end - std::min(known, Policy::kHugeFrom)).align_up(m.page_size());
  std::size_t untouched = 0;
  for (VirtAddr at = begin; at < end;) {
    const VirtAddr next = std::min((at + 1).align_up(thp), end);
    untouched += (next - at) - m.mincore(at, next - at);
    at = next;
  }
  return untouched > Policy::kHugeFrom / 4;
}

}  // namespace allocator
