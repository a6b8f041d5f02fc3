// Mistakes that allocating notices in the unsorted list and in bins.
#include <array>

#include "tests/allocator/preload/misuse/misuse.h"

namespace misuse {
namespace {

constexpr std::uint64_t kInuse = 1;

/// A block in the unsorted list, alone.
Block unsorted_block() {
  const Block block = get_zeroed(kMedium);
  guard();
  put(block);
  return block;
}
/// Makes malloc look at the whole unsorted list.
void sort() { (void)get(2 * kMedium); }

void take_torn_small() {
  const Block block = get(kSmall);
  guard();
  fill_cache(kSmall);
  put(block);
  sort();
  block[1] = address(block) - 16;
  (void)get_zeroed(kSmall);
}

void sort_bad_size() {
  unsorted_block()[-1] = 8 | kInuse;
  sort();
}
void sort_before_bad_size() {
  above(unsorted_block())[-1] = 8;
  sort();
}
void sort_before_bad_prev_size() {
  above(unsorted_block())[-2] = 0x20;
  sort();
}
void sort_torn() {
  const Block block = unsorted_block();
  block[0] = address(block) - 16;
  sort();
}
void sort_before_inuse_flag() {
  const Block next = above(unsorted_block());
  next[-1] = next[-1] | kInuse;
  sort();
}

/// A block in a large bin, and in the unsorted list a slightly larger one of the same bin.
Block leader_to_insert_before() {
  const Block leader = get(kMedium);
  guard();
  const Block larger = get(kMedium + 0x20);
  guard();
  put(leader);
  sort();
  put(larger);
  return leader;
}
void insert_before_torn_ring() {
  const Block leader = leader_to_insert_before();
  leader[3] = address(leader) + 16;
  sort();
}
void insert_before_torn() {
  const Block leader = leader_to_insert_before();
  leader[1] = address(leader) + 16;
  sort();
}

/// More free blocks than one pass sorts, the one at the list's front torn.
void tear_front_of_long_list() {
  constexpr std::size_t kMany = 10'002;
  constexpr std::size_t kSorted = 0x528;  // of a bin that also serves kMedium, with a rest
  static std::array<Block, kMany> blocks;
  for (Block& block : blocks) {
    block = get(kSorted);
    (void)get(0x18);
  }
  for (const Block block : blocks) put(block);
  blocks.back()[1] = address(blocks.front());
}
void carve_beside_torn_list() {
  tear_front_of_long_list();
  (void)get(kMedium - 8);
}
void carve_larger_beside_torn_list() {
  tear_front_of_long_list();
  (void)get(kMedium - 0x80);
}

constexpr std::array kMistakes{
    Mistake{"malloc-small-torn", "malloc(): smallbin double linked list corrupted",
            take_torn_small},
    Mistake{"sort-size", "malloc(): invalid size (unsorted)", sort_bad_size},
    Mistake{"sort-next-size", "malloc(): invalid next size (unsorted)", sort_before_bad_size},
    Mistake{"sort-prev-size", "malloc(): mismatching next->prev_size (unsorted)",
            sort_before_bad_prev_size},
    Mistake{"sort-torn", "malloc(): unsorted double linked list corrupted", sort_torn},
    Mistake{"sort-inuse", "malloc(): invalid next->prev_inuse (unsorted)", sort_before_inuse_flag},
    Mistake{"insert-ring", "malloc(): largebin double linked list corrupted (nextsize)",
            insert_before_torn_ring},
    Mistake{"insert-torn", "malloc(): largebin double linked list corrupted (bk)",
            insert_before_torn},
    Mistake{"carve-torn", "malloc(): corrupted unsorted chunks", carve_beside_torn_list},
    Mistake{"carve-larger-torn", "malloc(): corrupted unsorted chunks 2",
            carve_larger_beside_torn_list},
};

}  // namespace

std::span<const Mistake> mistakes_of_lists() { return kMistakes; }

}  // namespace misuse
