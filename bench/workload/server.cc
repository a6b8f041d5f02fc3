// A server whose threads live short: each replaces blocks of its table at random, then ends and
// leaves the table, full, to a new thread.
#include "bench/workload/workload.h"

namespace bench {
namespace {

constexpr std::size_t kBlocks = 1000;
constexpr std::size_t kSteps = 50'000;

std::uint64_t serve(std::vector<void*>& table, Random& random) {
  std::uint64_t sum = 0;
  for (std::size_t step = 0; step < kSteps; ++step) {
    void*& block = table[random.below(kBlocks)];
    sum += free_block(block);
    block = make_block(random.between(16, 500));
  }
  return sum;
}

std::uint64_t serve_in_turn(unsigned seat, unsigned turns) {
  Random random{seat + 200};
  std::vector<void*> table(kBlocks);
  std::uint64_t sum = 0;
  for (unsigned turn = 0; turn < turns; ++turn) {
    std::thread{[&] { sum += serve(table, random); }}.join();
  }
  for (void* block : table) sum += free_block(block);
  return sum;
}

}  // namespace

std::uint64_t run_server(unsigned threads) {
  return in_threads(threads, [=](unsigned seat) { return serve_in_turn(seat, 80 / threads); });
}

}  // namespace bench
