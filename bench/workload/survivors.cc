// Threads whose blocks live short, but for one in twenty that lives on in a table of all threads,
// until another of them takes its place.
#include <array>
#include <atomic>

#include "bench/workload/workload.h"

namespace bench {
namespace {

constexpr std::size_t kSurvivors = 10'000;
using Survivors = std::array<std::atomic<void*>, kSurvivors>;

std::uint64_t work(Survivors& survivors, unsigned thread, std::size_t steps) {
  constexpr std::size_t kLive = 64;
  constexpr std::size_t kOneIn = 20;
  constexpr unsigned kTop = 12;  // sizes below 4 KiB
  Random random{thread + 500};
  std::array<void*, kLive> live{};
  std::uint64_t sum = 0;
  for (std::size_t step = 0; step < steps; ++step) {
    void*& block = live[step % kLive];
    if (random.below(kOneIn) == 0) {
      block = survivors[random.below(kSurvivors)].exchange(block, std::memory_order_acq_rel);
    }
    sum += free_block(block);
    block = make_block(random.size(kTop));
  }
  for (void* block : live) sum += free_block(block);
  return sum;
}

}  // namespace

std::uint64_t run_survivors(unsigned threads) {
  static Survivors survivors;
  std::uint64_t sum = in_threads(
      threads, [&](unsigned thread) { return work(survivors, thread, 4'000'000 / threads); });
  for (auto& block : survivors) sum += free_block(block);
  return sum;
}

}  // namespace bench
