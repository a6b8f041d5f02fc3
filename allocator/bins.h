// The doubly linked lists of free chunks: unsorted, small and large bins, and taking a chunk out.
#pragma once

#include <cstddef>

#include "allocator/arena.h"
#include "allocator/chunk.h"

namespace allocator {

/// The bin of a free chunk of this size (section 2.2).
[[nodiscard]] constexpr std::size_t bin_index(ChunkSize size) noexcept {
  const std::size_t n = bytes(size);
  if (n < kMinLarge) return n >> 4;
  if (n >> 6 <= 48) return 48 + (n >> 6);
  if (n >> 9 <= 20) return 91 + (n >> 9);
  if (n >> 12 <= 10) return 110 + (n >> 12);
  if (n >> 15 <= 4) return 119 + (n >> 15);
  if (n >> 18 <= 2) return 124 + (n >> 18);
  return 126;
}

/// Takes the leader p of a group of equal sizes out of its bin's ring: the group's next chunk
/// inherits its place, or the ring closes over it (section 7).
template <MemoryBackend M>
void unlink_from_ring(Chunk<M> p, Chunk<M> fd) {
  const Chunk<M> smaller = p.fd_nextsize();
  if (smaller.bk_nextsize() != p || p.bk_nextsize().fd_nextsize() != p) {
    p.memory().die("corrupted double-linked list (not small)");
  }
  const Chunk<M> larger = p.bk_nextsize();
  if (!fd.fd_nextsize().is_null()) {
    smaller.set_bk_nextsize(larger);
    larger.set_fd_nextsize(smaller);
    return;
  }
  if (smaller == p) {
    fd.set_fd_nextsize(fd);
    fd.set_bk_nextsize(fd);
    return;
  }
  fd.set_fd_nextsize(smaller);
  fd.set_bk_nextsize(larger);
  smaller.set_bk_nextsize(fd);
  larger.set_fd_nextsize(fd);
}

/// Takes a free chunk out of whatever list it is in (sections 7 and 17).
template <MemoryBackend M>
void unlink_chunk(Chunk<M> p) {
  const ChunkSize size = p.size();
  if (bytes(size) != p.after(size).prev_size()) p.memory().die("corrupted size vs. prev_size");
  const Chunk<M> fd = p.fd();
  const Chunk<M> bk = p.bk();
  if (fd.bk() != p || bk.fd() != p) p.memory().die("corrupted double-linked list");
  fd.set_bk(bk);
  bk.set_fd(fd);
  if (size.is_large() && !p.fd_nextsize().is_null()) unlink_from_ring(p, fd);
}

/// Puts p between two neighbours of a list.
template <MemoryBackend M>
void link_between(Chunk<M> bk, Chunk<M> p, Chunk<M> fd) {
  p.set_fd(fd);
  p.set_bk(bk);
  bk.set_fd(p);
  fd.set_bk(p);
}

/// The list's front is whole: what is pushed there will not tear it. `corrupted` is said when not.
template <MemoryBackend M>
void check_unsorted_front(Arena<M> av, const char* corrupted) {
  const Chunk<M> sentinel = av.unsorted();
  if (sentinel.fd().bk() != sentinel) av.memory().die(corrupted);
}

/// Makes [p, p + size) a free chunk at the front of the unsorted list.
template <MemoryBackend M>
void push_unsorted(Arena<M> av, Chunk<M> p, ChunkSize size) {
  const Chunk<M> sentinel = av.unsorted();
  link_between(sentinel, p, sentinel.fd());
  if (size.is_large()) p.clear_nextsize();
  p.set_head(size, kPrevInuse);
  p.set_foot(size);
}

/// Puts v in front of the leader `larger_than` or, of equal size, behind it (section 7).
template <MemoryBackend M>
void insert_at_leader(Chunk<M> v, ChunkSize size, Chunk<M> leader) {
  Chunk<M> fd = leader;
  if (size == leader.size()) {
    fd = leader.fd();
  } else {
    v.set_fd_nextsize(leader);
    v.set_bk_nextsize(leader.bk_nextsize());
    if (leader.bk_nextsize().fd_nextsize() != leader) {
      v.memory().die("malloc(): largebin double linked list corrupted (nextsize)");
    }
    leader.set_bk_nextsize(v);
    v.bk_nextsize().set_fd_nextsize(v);
  }
  const Chunk<M> bk = fd.bk();
  if (bk.fd() != fd) v.memory().die("malloc(): largebin double linked list corrupted (bk)");
  link_between(bk, v, fd);
}

/// Sorts a large chunk into its bin: front largest, back smallest, leaders of equal sizes in a
/// ring.
template <MemoryBackend M>
void insert_large(Chunk<M> v, ChunkSize size, Chunk<M> bin) {
  const Chunk<M> front = bin.fd();
  const Chunk<M> back = bin.bk();
  if (front == bin) {
    v.set_fd_nextsize(v);
    v.set_bk_nextsize(v);
    return link_between(bin, v, bin);
  }
  if (size < back.size()) {
    const Chunk<M> smallest = front.bk_nextsize();
    v.set_fd_nextsize(front);
    v.set_bk_nextsize(smallest);
    smallest.set_fd_nextsize(v);
    front.set_bk_nextsize(v);
    return link_between(back, v, bin);
  }
  Chunk<M> leader = front;
  while (size < leader.size()) leader = leader.fd_nextsize();
  insert_at_leader(v, size, leader);
}

/// Sorts a chunk taken from the unsorted list into the bin of its size.
template <MemoryBackend M>
void insert_in_bin(Arena<M> av, Chunk<M> v, ChunkSize size) {
  const std::size_t index = bin_index(size);
  const Chunk<M> bin = av.bin(index);
  if (size.is_large()) {
    insert_large(v, size, bin);
  } else {
    link_between(bin, v, bin.fd());
  }
  av.mark_bin(index);
}

}  // namespace allocator
