// A program that lives long: its sizes drift upward, and one block in ten of each age stays, so
// that the holes never quite fit.
#include "bench/workload/workload.h"

namespace bench {

std::uint64_t run_fragments(unsigned /*threads*/) {
  constexpr std::size_t kBlocks = 20'000;
  Random random{800};
  std::vector<void*> old;
  std::uint64_t sum = 0;
  for (std::size_t size = 24; size < 1500; size += size / 4) {
    std::vector<void*> young;
    for (std::size_t i = 0; i < kBlocks; ++i) {
      young.push_back(make_block(random.between(size, size + size / 2)));
    }
    for (void* block : young) {
      if (random.below(10) == 0) {
        old.push_back(block);
      } else {
        sum += free_block(block);
      }
    }
  }
  for (void* block : old) sum += free_block(block);
  return sum;
}

}  // namespace bench
