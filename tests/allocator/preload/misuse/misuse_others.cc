// Mistakes noticed by a thread's end, by statistics and by the assertions about the break.
#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstdio>

#include "tests/allocator/preload/misuse/misuse.h"

namespace misuse {
namespace {

constexpr std::size_t kFast = 0x48;

void* cache_misaligned(void*) {
  const Block block = get(kCached);
  put(block);
  block[0] = mangled(block, address(block) + 8);
  return nullptr;
}
void end_thread_with_misaligned_cache() {
  pthread_t thread{};
  pthread_create(&thread, nullptr, cache_misaligned, nullptr);
  pthread_join(thread, nullptr);
}

void misalign_fastbin() {
  const auto [first, head] = fast_pair(kFast);
  head[0] = mangled(head, address(first) - 8);
}
void count_misaligned_fast() {
  misalign_fastbin();
  (void)mallinfo2();
}
void print_misaligned_fast() {
  FILE* const nowhere = std::fopen("/dev/null", "w");
  std::fputs("x", nowhere);  // its buffer is had by now
  misalign_fastbin();
  malloc_info(0, nowhere);
}

/// The break cannot grow for a while, and the heap goes on in a mapping: not contiguous any more.
void leave_the_break() {
  (void)get(kMedium);
  constexpr std::size_t kPage = 4096;
  const std::uint64_t now = address(static_cast<Block>(sbrk(0)));
  void* const wall = mmap(const_cast<std::uint64_t*>(at_address(now)), kPage, PROT_NONE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  for (int i = 0; i < 4; ++i) (void)get(0x1f000);
  munmap(wall, kPage);
}
/// The heap grows until the break serves it again.
void grow_at_the_break() {
  for (int i = 0; i < 64; ++i) (void)get(0x1f000);
}
void grow_at_odd_break() {
  leave_the_break();
  (void)sbrk(8);
  grow_at_the_break();
}
void grow_at_break_within_page() {
  leave_the_break();
  (void)sbrk(16);
  grow_at_the_break();
}

/// What ends a heap that is full is overwritten; the heap after it empties.
void* overwrite_heap_end(void*) {
  constexpr std::uint64_t kHeapBytes = 64 << 20;
  constexpr std::ptrdiff_t kSizeOfHeap = 16;  // in its header
  const Block first = get(0x18000);
  Block last = first;
  while (address(last) / kHeapBytes == address(first) / kHeapBytes) last = get(0x18000);
  const Block heap = at_address(address(first) & ~(kHeapBytes - 1));
  const std::uint64_t size = *beyond(heap, kSizeOfHeap);
  *beyond(heap, static_cast<std::ptrdiff_t>(size) - 8) = 0x31;
  put(last);
  return nullptr;
}
void trim_after_overwritten_heap_end() {
  pthread_t thread{};
  pthread_create(&thread, nullptr, overwrite_heap_end, nullptr);
  pthread_join(thread, nullptr);
}

constexpr std::array kMistakes{
    Mistake{"heap-end",
            "Fatal glibc error: malloc assertion failure in heap_trim: "
            "chunksize_nomask (p) == (0 | PREV_INUSE)",
            trim_after_overwritten_heap_end},
    Mistake{"thread-cached-misaligned", "tcache_thread_shutdown(): unaligned tcache chunk detected",
            end_thread_with_misaligned_cache},
    Mistake{"mallinfo-fast-misaligned", "int_mallinfo(): unaligned fastbin chunk detected",
            count_misaligned_fast},
    Mistake{"malloc-info-fast-misaligned", "__malloc_info(): unaligned fastbin chunk detected",
            print_misaligned_fast},
    Mistake{"grow-at-odd-break",
            "Fatal glibc error: malloc assertion failure in sysmalloc: "
            "((unsigned long) chunk2mem (brk) & MALLOC_ALIGN_MASK) == 0",
            grow_at_odd_break},
    Mistake{"grow-within-page",
            "Fatal glibc error: malloc assertion failure in sysmalloc: "
            "(old_top == initial_top (av) && old_size == 0) || ((unsigned long) (old_size) >= "
            "MINSIZE && prev_inuse (old_top) && ((unsigned long) old_end & (pagesize - 1)) == 0)",
            grow_at_break_within_page},
};

}  // namespace

std::span<const Mistake> mistakes_of_others() { return kMistakes; }

}  // namespace misuse
