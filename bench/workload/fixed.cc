// A few small sizes, in the manner of interpreters and parsers: stacks of blocks that grow and
// shrink.
#include <array>

#include "bench/workload/workload.h"

namespace bench {
namespace {

constexpr std::array<std::size_t, 4> kSizes{16, 24, 48, 96};

std::uint64_t work(unsigned thread, unsigned rounds) {
  Random random{thread};
  std::uint64_t sum = 0;
  std::vector<void*> stack;
  stack.reserve(400);
  for (unsigned round = 0; round < rounds; ++round) {
    for (std::size_t n = random.between(1, 400); n > 0; --n) {
      stack.push_back(make_block(kSizes[random.below(kSizes.size())]));
    }
    for (; !stack.empty(); stack.pop_back()) sum += free_block(stack.back());
  }
  return sum;
}

}  // namespace

std::uint64_t run_fixed(unsigned threads) {
  return in_threads(threads, [=](unsigned thread) { return work(thread, 80'000 / threads); });
}

}  // namespace bench
