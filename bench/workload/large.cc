// Large blocks: of 5 to 25 MiB in a live set, of 64 MiB one after the other, and a heap of smaller
// ones that empties and fills again.
#include <array>

#include "bench/workload/workload.h"

namespace bench {
namespace {
constexpr std::size_t kMiB = std::size_t{1} << 20;
}  // namespace

std::uint64_t run_large(unsigned /*threads*/) {
  Random random{600};
  std::array<void*, 10> live{};
  std::uint64_t sum = 0;
  for (unsigned step = 0; step < 300; ++step) {
    void*& block = live[random.below(live.size())];
    sum += free_block(block);
    block = make_block(random.between(5 * kMiB, 25 * kMiB));
  }
  for (void* block : live) sum += free_block(block);
  return sum;
}

std::uint64_t run_huge(unsigned /*threads*/) {
  std::uint64_t sum = 0;
  for (unsigned i = 0; i < 30; ++i) sum += free_block(make_block(64 * kMiB));
  return sum;
}

std::uint64_t run_regrow(unsigned /*threads*/) {
  Random random{601};
  std::vector<void*> blocks;
  std::uint64_t sum = 0;
  for (unsigned round = 0; round < 200; ++round) {
    for (std::size_t all = 0; all < 8 * kMiB;) {
      const std::size_t n = random.between(4096, 100'000);
      blocks.push_back(make_block(n));
      all += n;
    }
    for (; !blocks.empty(); blocks.pop_back()) sum += free_block(blocks.back());
  }
  return sum;
}

}  // namespace bench
