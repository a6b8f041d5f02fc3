// Mistakes that taking a chunk out of its list notices, and realloc's own.
#include <array>

#include "tests/allocator/preload/misuse/misuse.h"

namespace misuse {
namespace {

constexpr std::uint64_t kInuse = 1;
/// Two neighbours, the upper one free: freeing the lower one takes that out of its list.
struct Neighbours {
  Block lower;
  Block free_upper;
};
Neighbours neighbours() {
  const Neighbours two{get_zeroed(kMedium), get_zeroed(kMedium)};
  guard();
  put(two.free_upper);
  return two;
}

void unlink_resized() {
  const auto [lower, upper] = neighbours();
  upper[-1] = upper[-1] - 0x10;
  put(lower);
}
void unlink_torn() {
  const auto [lower, upper] = neighbours();
  upper[0] = address(upper) - 16;
  put(lower);
}
void unlink_torn_ring() {
  const auto [lower, upper] = neighbours();
  (void)get(2 * kMedium);  // sorts the free one into its large bin
  upper[2] = address(lower) - 16;
  put(lower);
}

void realloc_misaligned() { resize(beyond(get(kCached), 8), kMedium); }
void realloc_of_bad_size() {
  const Block block = get(kMedium);
  block[-1] = 0x1000000 | kInuse;
  resize(block, 2 * kMedium);
}
void realloc_before_bad_size() {
  const Block block = get(kMedium);
  guard();
  above(block)[-1] = kInuse;
  resize(block, 2 * kMedium);
}
void realloc_mapped_with_bad_start() {
  const Block block = get(kMapped);
  block[-2] = 16;
  resize(block, 2 * kMapped);
}

constexpr std::array kMistakes{
    Mistake{"unlink-size", "corrupted size vs. prev_size", unlink_resized},
    Mistake{"unlink-torn", "corrupted double-linked list", unlink_torn},
    Mistake{"unlink-ring", "corrupted double-linked list (not small)", unlink_torn_ring},
    Mistake{"realloc-misaligned", "realloc(): invalid pointer", realloc_misaligned},
    Mistake{"realloc-old-size", "realloc(): invalid old size", realloc_of_bad_size},
    Mistake{"realloc-next-size", "realloc(): invalid next size", realloc_before_bad_size},
    Mistake{"realloc-mapped-start", "mremap_chunk(): invalid pointer",
            realloc_mapped_with_bad_start},
};

}  // namespace

std::span<const Mistake> mistakes_of_links() { return kMistakes; }

}  // namespace misuse
