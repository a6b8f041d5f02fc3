// Each primitive of the core beside raw-pointer C that does the same: they compile to the same
// code.
#include <cstddef>
#include <cstdint>

#include "allocator/arena.h"
#include "allocator/bins.h"
#include "allocator/params.h"
#include "allocator/real_memory.h"
#include "allocator/tcache.h"

namespace {

struct RawChunk {
  std::size_t prev_size;
  std::size_t size;
  RawChunk* fd;
  RawChunk* bk;
  RawChunk* fd_nextsize;
  RawChunk* bk_nextsize;
};
struct RawBin {
  RawChunk* fd;
  RawChunk* bk;
};
struct RawArena {
  std::uint32_t lock, flags, have_fast, padding;
  RawChunk* fastbins[10];
  RawChunk* top;
  RawChunk* last_remainder;
  RawBin bins[127];
  std::uint32_t binmap[4];
};
struct RawTcache {
  std::uint16_t counts[64];
  std::uint64_t entries[64];
};

RawChunk* at_offset(RawChunk* p, std::size_t n) {
  return reinterpret_cast<RawChunk*>(reinterpret_cast<char*>(p) + n);
}

using allocator::RealMemory;

void raw_unlink_from_ring(RawChunk* p, RawChunk* fd) {
  RawChunk* const smaller = p->fd_nextsize;
  if (smaller->bk_nextsize != p || p->bk_nextsize->fd_nextsize != p) {
    RealMemory::die("corrupted double-linked list (not small)");
  }
  RawChunk* const larger = p->bk_nextsize;
  if (fd->fd_nextsize != nullptr) {
    smaller->bk_nextsize = larger;
    larger->fd_nextsize = smaller;
    return;
  }
  if (smaller == p) {
    fd->fd_nextsize = fd;
    fd->bk_nextsize = fd;
    return;
  }
  fd->fd_nextsize = smaller;
  fd->bk_nextsize = larger;
  smaller->bk_nextsize = fd;
  larger->fd_nextsize = fd;
}

using Chunk = allocator::Chunk<allocator::RealMemory>;
using Arena = allocator::Arena<allocator::RealMemory>;
using Tcache = allocator::Tcache<allocator::RealMemory>;
using allocator::ChunkSize;

}  // namespace

extern "C" {

std::size_t core_size(Chunk p) { return bytes(p.size()); }
std::size_t raw_size(RawChunk* p) { return p->size & ~std::size_t{7}; }

bool core_inuse(Chunk p) { return p.inuse(p.size()); }
bool raw_inuse(RawChunk* p) { return (at_offset(p, p->size & ~std::size_t{7})->size & 1) != 0; }

void core_set_free(Chunk p, std::size_t n) {
  p.set_head(ChunkSize::of(n), allocator::kPrevInuse);
  p.set_foot(ChunkSize::of(n));
}
void raw_set_free(RawChunk* p, std::size_t n) {
  p->size = n | 1;
  at_offset(p, n)->prev_size = n;
}

void core_clear_inuse_above(Chunk p, std::size_t n) {
  p.after(ChunkSize::of(n)).clear_prev_inuse();
}
void raw_clear_inuse_above(RawChunk* p, std::size_t n) { at_offset(p, n)->size &= ~std::size_t{1}; }

void core_link_between(Chunk bk, Chunk p, Chunk fd) { allocator::link_between(bk, p, fd); }
void raw_link_between(RawChunk* bk, RawChunk* p, RawChunk* fd) {
  p->fd = fd;
  p->bk = bk;
  bk->fd = p;
  fd->bk = p;
}

[[gnu::flatten]] void core_unlink_chunk(Chunk p) { allocator::unlink_chunk(p); }
[[gnu::flatten]] void raw_unlink_chunk(RawChunk* p) {
  const std::size_t size = p->size & ~std::size_t{7};
  if (size != at_offset(p, size)->prev_size) RealMemory::die("corrupted size vs. prev_size");
  RawChunk* const fd = p->fd;
  RawChunk* const bk = p->bk;
  if (fd->bk != p || bk->fd != p) RealMemory::die("corrupted double-linked list");
  fd->bk = bk;
  bk->fd = fd;
  if (size >= 1024 && p->fd_nextsize != nullptr) raw_unlink_from_ring(p, fd);
}

std::uint64_t core_bin_back(Arena av, std::size_t i) { return av.bin(i).bk().at().raw(); }
RawChunk* raw_bin_back(RawArena* av, std::size_t i) { return av->bins[i - 1].bk; }

void core_mark_bin(Arena av, std::size_t i) { av.mark_bin(i); }
void raw_mark_bin(RawArena* av, std::size_t i) { av->binmap[i / 32] |= 1u << (i % 32); }

bool core_fits_top(Arena av, std::size_t n) { return bytes(av.top().top_size()) >= n + 32; }
bool raw_fits_top(RawArena* av, std::size_t n) {
  return (av->top->size & ~std::size_t{7}) >= n + 32;
}

void core_push_fastbin(Arena av, Chunk p, std::size_t i) {
  p.set_fast_next(av.fastbin(i));
  av.set_fastbin(i, p);
}
void raw_push_fastbin(RawArena* av, RawChunk* p, std::size_t i) {
  RawChunk** const head = &av->fastbins[i];
  const auto link = reinterpret_cast<std::uint64_t>(&p->fd);
  // NOLINTNEXTLINE(performance-no-int-to-ptr): mangled links are what is compared
  p->fd = reinterpret_cast<RawChunk*>((link >> 12) ^ reinterpret_cast<std::uint64_t>(*head));
  *head = p;
}

void core_tcache_take(Tcache tcache, std::size_t i, allocator::VirtAddr user) {
  tcache.remove_head(i, user);
}
void raw_tcache_take(RawTcache* tcache, std::size_t i, std::uint64_t* user) {
  tcache->entries[i] = (reinterpret_cast<std::uint64_t>(user) >> 12) ^ user[0];
  --tcache->counts[i];
  user[1] = 0;
}

}  // extern "C"
