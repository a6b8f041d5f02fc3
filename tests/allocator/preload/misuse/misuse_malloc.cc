// Mistakes that allocating notices in the thread's cache, in fastbins and in top.
#include <pthread.h>
#include <unistd.h>

#include <array>

#include "tests/allocator/preload/misuse/misuse.h"

namespace misuse {
namespace {

constexpr std::uint64_t kInuse = 1;
constexpr std::size_t kFast = 0x48;

void* do_nothing(void*) { return nullptr; }

/// From now on the process counts as multi-threaded.
void have_had_a_thread() {
  pthread_t thread{};
  pthread_create(&thread, nullptr, do_nothing, nullptr);
  pthread_join(thread, nullptr);
}

void take_misaligned_cached() {
  const Block first = get(kCached);
  const Block head = get(kCached);
  put(first);
  put(head);
  head[0] = mangled(head, address(first) + 8);
  (void)get(kCached);
  (void)get(kCached);
}

/// calloc takes no cached block, so that it takes from fastbins while the cache is full.
void take_misaligned_fast() {
  const auto [first, head] = fast_pair(kFast);
  head[0] = mangled(head, address(first) - 8);
  (void)get_zeroed(kFast);
  (void)get_zeroed(kFast);
}
void take_before_misaligned_fast() {
  have_had_a_thread();
  const auto [first, head] = fast_pair(kFast);
  head[0] = mangled(head, address(first) - 8);
  (void)get_zeroed(kFast);
}
void take_resized_fast() {
  const auto [first, head] = fast_pair(kFast);
  head[-1] = 0x30 | kInuse;
  (void)get_zeroed(kFast);
}
void stash_misaligned_fast() {
  const auto [first, head] = fast_pair(kFast);
  head[0] = mangled(head, address(first) - 8);
  for (int i = 0; i <= kCacheDepth; ++i) (void)get(kFast);
}
void consolidate_misaligned() {
  const auto [first, head] = fast_pair(kFast);
  head[0] = mangled(head, address(first) - 8);
  (void)get(2 * kMedium);
}
void consolidate_resized() {
  const auto [first, head] = fast_pair(kFast);
  head[-1] = 0x30 | kInuse;
  (void)get(2 * kMedium);
}
void consolidate_over_bad_prev_size() {
  const auto [first, head] = fast_pair(kFast);
  first[0] = 0;
  head[-2] = 0x20;
  head[-1] = head[-1] & ~kInuse;
  (void)get(2 * kMedium);
}

void take_from_large_top() {
  const Block block = get(kMedium);
  above(block)[-1] = 0x1000000 | kInuse;
  (void)get(kMedium);
}
void grow_from_lower_break() {
  (void)get(kMedium);
  (void)sbrk(-0x1000);
  (void)get(0x1e000);
  (void)get(0x1e000);
}

constexpr std::array kMistakes{
    Mistake{"malloc-cached-misaligned", "malloc(): unaligned tcache chunk detected",
            take_misaligned_cached},
    Mistake{"malloc-fast-misaligned", "malloc(): unaligned fastbin chunk detected 2",
            take_misaligned_fast},
    Mistake{"malloc-fast-next-misaligned", "malloc(): unaligned fastbin chunk detected",
            take_before_misaligned_fast},
    Mistake{"malloc-fast-size", "malloc(): memory corruption (fast)", take_resized_fast},
    Mistake{"malloc-stash-misaligned", "malloc(): unaligned fastbin chunk detected 3",
            stash_misaligned_fast},
    Mistake{"consolidate-misaligned", "malloc_consolidate(): unaligned fastbin chunk detected",
            consolidate_misaligned},
    Mistake{"consolidate-size", "malloc_consolidate(): invalid chunk size", consolidate_resized},
    Mistake{"consolidate-prev-size", "corrupted size vs. prev_size in fastbins",
            consolidate_over_bad_prev_size},
    Mistake{"malloc-top-size", "malloc(): corrupted top size", take_from_large_top},
    Mistake{"malloc-break-lowered", "break adjusted to free malloc space", grow_from_lower_break},
};

}  // namespace

std::span<const Mistake> mistakes_of_malloc() { return kMistakes; }

}  // namespace misuse
