// Mapped heaps, which the arenas other than the main one grow in (spec/ptmalloc 10.3, 11.2, 14.1).
#pragma once

#include <sys/mman.h>

#include "allocator/core.h"

namespace allocator {

/// Bytes reserved for each heap, and its alignment.
template <MemoryBackend M, class Policy>
std::size_t Core<M, Policy>::heap_max(M m) {
  const std::size_t huge = Params{m}[Params::kHugeSize];
  return huge == 0 ? Policy::kHeapMax : 4 * huge;
}

/// The heap that a chunk of an arena other than the main one lies in.
template <MemoryBackend M, class Policy>
auto Core<M, Policy>::heap_for(Chunk p) -> Heap {
  return {p.memory(), p.at().align_down(heap_max(p.memory()))};
}

template <MemoryBackend M, class Policy>
auto Core<M, Policy>::new_heap(M m, std::size_t size, std::size_t pad) -> Heap {
  const Params par{m};
  if (const std::size_t huge = par[Params::kHugeSize]; huge != 0) {
    const int flags = static_cast<int>(par[Params::kHugeFlags]);
    const Heap heap = alloc_new_heap(m, size, pad, huge, flags);
    if (!heap.is_null()) return heap;
  }
  return alloc_new_heap(m, size, pad, m.page_size(), 0);
}

/// A heap with at least `size` bytes usable, `pad` more if they fit; null when it cannot be had.
template <MemoryBackend M, class Policy>
auto Core<M, Policy>::alloc_new_heap(M m, std::size_t size, std::size_t pad, std::size_t page,
                                     int flags) -> Heap {
  const Heap none{m, VirtAddr{}};
  const std::size_t most = heap_max(m);
  const std::size_t huge = Params{m}[Params::kHugeSize];
  const std::size_t least = huge == 0 ? Policy::kHeapMin : huge;
  if (size + pad < least) {
    size = least;
  } else if (size + pad <= most) {
    size += pad;
  } else if (size > most) {
    return none;
  } else {
    size = most;
  }
  size = align_up(size, page);
  const VirtAddr at = reserve_heap(m, most, flags);
  if (at.is_null()) return none;
  if (!m.mprotect(at, size, PROT_READ | PROT_WRITE)) {
    m.munmap(at, most);
    return none;
  }
  madvise_thp(m, at, size);
  const Heap heap{m, at};
  note(m, Decision::HeapMapped, at.raw(), size);
  heap.set_size(size);
  heap.set_mprotect_size(size);
  heap.set_page_size(page);
  return heap;
}

/// `length` bytes of address space at a multiple of `length`: the spare that an earlier reservation
/// left, or half of twice as much, or luck.
template <MemoryBackend M, class Policy>
VirtAddr Core<M, Policy>::reserve_heap(M m, std::size_t length, int flags) {
  const Params par{m};
  const int map_flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags;
  m.lock(par.spare_lock());
  const VirtAddr spare = par[Params::kAlignedSpare];
  if (!spare.is_null()) par.put(Params::kAlignedSpare, VirtAddr{});
  m.unlock(par.spare_lock());
  if (!spare.is_null()) {
    const VirtAddr at = m.mmap(spare, length, PROT_NONE, map_flags);
    if (!at.is_null()) {
      if (at.is_aligned(length)) return at;
      m.munmap(at, length);
    }
  }
  if (const VirtAddr at = reserve_twice(m, length, map_flags); !at.is_null()) return at;
  const VirtAddr at = m.mmap(VirtAddr{}, length, PROT_NONE, map_flags);
  if (at.is_null() || at.is_aligned(length)) return at;
  m.munmap(at, length);
  return {};
}

template <MemoryBackend M, class Policy>
VirtAddr Core<M, Policy>::reserve_twice(M m, std::size_t length, int map_flags) {
  const VirtAddr got = m.mmap(VirtAddr{}, 2 * length, PROT_NONE, map_flags);
  if (got.is_null()) return got;
  const VirtAddr base = got.align_up(length);
  const std::size_t slack = base - got;
  if (slack != 0) {
    m.munmap(got, slack);
  } else {
    const Params par{m};
    m.lock(par.spare_lock());
    par.put(Params::kAlignedSpare, base + length);
    m.unlock(par.spare_lock());
  }
  m.munmap(base + length, length - slack);
  return base;
}

/// Makes `need` more bytes of the heap usable; false when it is full or the kernel refuses.
template <MemoryBackend M, class Policy>
bool Core<M, Policy>::grow_heap(Heap heap, std::size_t need) {
  const M m = heap.memory();
  const std::size_t size = heap.size();
  const std::size_t thp = Policy::kHugeFrom == 0 ? 0 : thp_step(heap.arena(), need);
  const std::size_t step = thp == 0 ? heap.page_size() : thp;
  const std::size_t wanted = align_up(size + need, step);
  if (wanted > heap_max(m) || wanted < size) return false;
  const std::size_t mapped = heap.mprotect_size();
  note(m, Decision::HeapGrown, heap.at().raw(), wanted - size);
  if (wanted > mapped) {
    if (!m.mprotect(heap.at() + mapped, wanted - mapped, PROT_READ | PROT_WRITE)) return false;
    heap.set_mprotect_size(wanted);
    if (thp != 0) m.madvise(heap.at() + mapped, wanted - mapped, MADV_HUGEPAGE);
  }
  heap.set_size(wanted);
  return true;
}

/// Gives the last `extra` bytes of the heap back. Where memory is never overcommitted they are
/// mapped anew without access, since pages merely dropped would still be charged.
template <MemoryBackend M, class Policy>
void Core<M, Policy>::shrink_heap(Heap heap, std::size_t extra) {
  const M m = heap.memory();
  const Params par{m};
  const std::size_t size = heap.size() - extra;
  const VirtAddr end = heap.at() + size;
  note(m, Decision::HeapShrunk, heap.at().raw(), extra);
  constexpr std::uint64_t kNo = 1;
  constexpr std::uint64_t kYes = 2;
  if (par[Params::kOvercommitNever] == 0) {
    par.put(Params::kOvercommitNever, m.overcommit_never() ? kYes : kNo);
  }
  if (par[Params::kOvercommitNever] == kYes) {
    const int flags = MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS;
    if (m.mmap(end, extra, PROT_NONE, flags).is_null()) return;
    heap.set_mprotect_size(size);
  } else {
    m.madvise(end, extra, MADV_DONTNEED);
  }
  heap.set_size(size);
  note_trim(m, extra);
}

/// Grows the top of an arena of heaps for nb. Not null: no heap could be had, and this chunk, a
/// mapping of its own, serves nb instead.
template <MemoryBackend M, class Policy>
auto Core<M, Policy>::grow_heaps(Arena av, ChunkSize nb, bool tried_mmap) -> Chunk {
  const M m = av.memory();
  const Chunk none{m, VirtAddr{}};
  const Chunk old = av.top();
  const ChunkSize old_size = old.top_size();
  const Heap heap = heap_for(old);
  const std::size_t heap_size = heap.size();
  const std::size_t need = bytes(nb) + kMinSize - bytes(old_size);
  if (static_cast<std::ptrdiff_t>(need) > 0 && grow_heap(heap, need)) {
    av.add(Arena::kSystemMem, heap.size() - heap_size);
    old.set_top_head(ChunkSize::of(heap.end() - old.at()));
    return none;
  }
  const std::size_t request = bytes(nb) + kMinSize + Policy::kHeapHeader;
  const Heap fresh = new_heap(m, request, Params{m}[Params::kTopPad]);
  if (fresh.is_null()) return tried_mmap ? none : try_mmap(av, nb);
  fresh.set_arena(av);
  fresh.set_prev(heap);
  av.add(Arena::kSystemMem, fresh.size());
  const Chunk top{m, fresh.at() + Policy::kHeapHeader};
  av.set_top(top);
  top.set_top_head(ChunkSize::of(fresh.size() - Policy::kHeapHeader));
  fence_heap(av, old, old_size);
  return none;
}

/// Ends the old top in a chunk of size 0, so that nothing merges across; the rest is freed.
template <MemoryBackend M, class Policy>
void Core<M, Policy>::fence_heap(Arena av, Chunk old, ChunkSize old_size) {
  const ChunkSize kept = ChunkSize::of(align_down(bytes(old_size) - kMinSize, kAlignment));
  const ChunkSize fence = ChunkSize::of(kChunkHeader);
  note(av.memory(), Decision::Fenced, old.at().raw(), bytes(kept));
  old.after(kept + fence).set_head(ChunkSize{}, kPrevInuse);
  if (bytes(kept) < kMinSize) {
    old.set_head(kept + fence, kPrevInuse);
    old.set_foot(kept + fence);
    return;
  }
  old.after(kept).set_head(fence, kPrevInuse);
  old.after(kept).set_foot(fence);
  old.set_head(kept, kPrevInuse | kNonMainArena);
  int_free(av, old, Lock::Held);
}

/// Unmaps heaps that hold nothing but top, then gives back the end of the one that stays.
template <MemoryBackend M, class Policy>
void Core<M, Policy>::heap_trim(Arena av, std::size_t pad) {
  while (drop_heap(av, pad)) {
  }
  const Chunk top = av.top();
  const ChunkSize size = top.top_size();
  const std::size_t threshold = Params{av.memory()}[Params::kTrimThreshold];
  if (bytes(size) < threshold) {
    return note(av.memory(), Decision::TopKept, bytes(size), threshold);
  }
  if (bytes(size) == kMinSize) return;  // unlike the break's, this subtraction does not wrap
  const std::size_t avail = bytes(size) - kMinSize - 1;
  if (avail <= pad) return;
  const Heap heap = heap_for(top);
  const std::size_t extra = align_down(avail - pad, heap.page_size());
  if (extra == 0) return;
  const std::size_t before = heap.size();
  const int error = av.memory().error();  // free keeps it
  shrink_heap(heap, extra);
  av.memory().set_error(error);
  if (heap.size() == before) return;
  av.add(Arena::kSystemMem, -extra);
  top.set_top_head(size - ChunkSize::of(extra));
}

/// One turn of heap_trim: true when top was all of its heap and that heap is gone.
template <MemoryBackend M, class Policy>
bool Core<M, Policy>::drop_heap(Arena av, std::size_t pad) {
  const M m = av.memory();
  const Params par{m};
  const Chunk top = av.top();
  const Heap heap = heap_for(top);
  if (top.at() != heap.at() + Policy::kHeapHeader) return false;
  const Heap prev = heap.prev();
  const Chunk fence{m, prev.end() - kChunkHeader};
  if (fence.head() != kPrevInuse) {
    m.die(
        "Fatal glibc error: malloc assertion failure in heap_trim: "
        "chunksize_nomask (p) == (0 | PREV_INUSE)");
  }
  Chunk last = fence.before(fence.prev_size());
  ChunkSize total = last.size() + ChunkSize::of(kChunkHeader);
  const bool merges = !last.prev_inuse();
  if (merges) total = total + ChunkSize::of(last.prev_size());
  const std::size_t most = heap_max(m);
  if (bytes(total) + (most - prev.size()) < pad + kMinSize + heap.page_size()) return false;
  note(m, Decision::HeapDropped, heap.at().raw());
  av.add(Arena::kSystemMem, -heap.size());
  m.lock(par.spare_lock());
  if (par[Params::kAlignedSpare] == heap.at() + most) par.put(Params::kAlignedSpare, VirtAddr{});
  m.unlock(par.spare_lock());
  const int error = m.error();  // free keeps it
  m.munmap(heap.at(), most);
  m.set_error(error);
  if (merges) {
    last = last.before(last.prev_size());
    unlink_chunk(last);
  }
  av.set_top(last);
  last.set_top_head(total);
  return true;
}

}  // namespace allocator
