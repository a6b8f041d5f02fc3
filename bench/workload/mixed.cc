// A random live set: at each step a random block gives way to another size.
#include "bench/workload/workload.h"

namespace bench {
namespace {

std::uint64_t work(unsigned thread, std::size_t steps, std::size_t live) {
  constexpr unsigned kTop = 13;  // sizes below 8 KiB
  Random random{thread + 100};
  std::uint64_t sum = 0;
  std::vector<void*> blocks(live);
  for (std::size_t step = 0; step < steps; ++step) {
    void*& block = blocks[random.below(live)];
    sum += free_block(block);
    block = make_block(random.size(kTop));
  }
  for (void* block : blocks) sum += free_block(block);
  return sum;
}

}  // namespace

std::uint64_t run_mixed(unsigned threads) {
  return in_threads(threads, [=](unsigned thread) {
    return work(thread, 4'000'000 / threads, 20'000 / threads);
  });
}

}  // namespace bench
