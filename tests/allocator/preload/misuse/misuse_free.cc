// Mistakes that free notices.
#include <array>

#include "tests/allocator/preload/misuse/misuse.h"

namespace misuse {
namespace {

constexpr std::uint64_t kInuse = 1;

void free_misaligned() { put(beyond(get(kCached), 8)); }
void free_with_size_of_eight() {
  const Block block = get(kCached);
  block[-1] = 8 | kInuse;
  put(block);
}
void free_twice() {
  const Block block = get(kCached);
  put(block);
  put(block);
}

void free_into_endless_cache() {
  const Block cached = get(kCached);
  put(cached);
  cached[0] = mangled(cached, address(cached));
  const Block other = get(kCached + 16);
  other[-1] = (kCached + 8) | kInuse;  // of the same class
  other[1] = cached[1];
  put(other);
}
void free_beside_misaligned_cache() {
  const Block cached = get(kCached);
  const Block other = get(kCached);
  put(cached);
  cached[0] = mangled(cached, address(cached) + 8);
  other[1] = cached[1];
  put(other);
}

void free_fast_before_bad_size() {
  const Block block = get(kCached - 16);
  guard();
  fill_cache(kCached - 16);
  above(block)[-1] = 8;
  put(block);
}
void free_fast_twice() {
  const Block block = get(kCached - 16);
  guard();
  fill_cache(kCached - 16);
  put(block);
  put(block);
}
void shrink_onto_resized_fast_head() {
  constexpr std::size_t kLeast = 0x18;
  const Block fast = get(kLeast);
  const Block shrinking = get(kCached);
  guard();
  fill_cache(kLeast);
  put(fast);
  fast[-1] = 0x30 | kInuse;
  resize(shrinking, kCached - 0x20);
}

void free_top() {
  const Block block = get(kMedium);
  put(block);
  put(block);
}
void free_beyond_top() {
  const Block block = get(kMedium);
  block[-1] = 0x100000 | kInuse;
  put(block);
}
void free_medium_twice() {
  const Block block = get(kMedium);
  guard();
  put(block);
  put(block);
}
void free_medium_before_bad_size() {
  const Block block = get(kMedium);
  guard();
  above(block)[-1] = kInuse;
  put(block);
}
void free_above_bad_prev_size() {
  const Block below = get_zeroed(kMedium);
  const Block block = get(kMedium);
  guard();
  put(below);
  block[-2] = 0x20;
  put(block);
}
void free_before_torn_unsorted_list() {
  const Block first = get(kMedium);
  guard();
  const Block second = get(kMedium);
  guard();
  put(first);
  first[1] = address(second);
  put(second);
}
void free_mapped_with_bad_size() {
  const Block block = get(kMapped);
  block[-1] = block[-1] + 16;
  put(block);
}
void free_mapped_with_bad_start() {
  const Block block = get(kMapped);
  block[-2] = 16;
  put(block);
}

constexpr std::array kMistakes{
    Mistake{"free-misaligned", "free(): invalid pointer", free_misaligned},
    Mistake{"free-size-8", "free(): invalid size", free_with_size_of_eight},
    Mistake{"free-cached-endless", "free(): too many chunks detected in tcache",
            free_into_endless_cache},
    Mistake{"free-cached-misaligned", "free(): unaligned chunk detected in tcache 2",
            free_beside_misaligned_cache},
    Mistake{"free-cached-twice", "free(): double free detected in tcache 2", free_twice},
    Mistake{"free-fast-next-size", "free(): invalid next size (fast)", free_fast_before_bad_size},
    Mistake{"free-fast-twice", "double free or corruption (fasttop)", free_fast_twice},
    Mistake{"realloc-fast-head", "invalid fastbin entry (free)", shrink_onto_resized_fast_head},
    Mistake{"free-top", "double free or corruption (top)", free_top},
    Mistake{"free-beyond-top", "double free or corruption (out)", free_beyond_top},
    Mistake{"free-medium-twice", "double free or corruption (!prev)", free_medium_twice},
    Mistake{"free-medium-next-size", "free(): invalid next size (normal)",
            free_medium_before_bad_size},
    Mistake{"free-prev-size", "corrupted size vs. prev_size while consolidating",
            free_above_bad_prev_size},
    Mistake{"free-torn-unsorted", "free(): corrupted unsorted chunks",
            free_before_torn_unsorted_list},
    Mistake{"free-mapped-size", "munmap_chunk(): invalid pointer", free_mapped_with_bad_size},
    Mistake{"free-mapped-start", "munmap_chunk(): invalid pointer", free_mapped_with_bad_start},
};

}  // namespace

std::span<const Mistake> mistakes_of_free() { return kMistakes; }

}  // namespace misuse
