// Bursts of blocks of many sizes, freed in the order made, in the reverse order, and every other
// one first; alone, and with a third of each burst handed to whichever thread comes next.
#include <mutex>
#include <utility>

#include "bench/workload/workload.h"

namespace bench {
namespace {

using Burst = std::vector<void*>;

void fill(Burst& burst, Random& random) {
  constexpr std::size_t kMost = 2000;
  constexpr unsigned kTop = 11;  // sizes below 2 KiB
  for (std::size_t n = random.between(kMost / 2, kMost); n > 0; --n) {
    burst.push_back(make_block(random.size(kTop)));
  }
}

std::uint64_t free_every_other(Burst& burst, std::size_t first) {
  std::uint64_t sum = 0;
  for (std::size_t i = first; i < burst.size(); i += 2) sum += free_block(burst[i]);
  return sum;
}

std::uint64_t drain(Burst& burst, std::size_t order) {
  std::uint64_t sum = 0;
  if (order == 0) {
    for (void* block : burst) sum += free_block(block);
  } else if (order == 1) {
    for (std::size_t i = burst.size(); i > 0; --i) sum += free_block(burst[i - 1]);
  } else {
    sum = free_every_other(burst, 0) + free_every_other(burst, 1);
  }
  burst.clear();
  return sum;
}

std::uint64_t burst_alone(unsigned rounds) {
  Random random{400};
  Burst burst;
  std::uint64_t sum = 0;
  for (unsigned round = 0; round < rounds; ++round) {
    fill(burst, random);
    sum += drain(burst, round % 3);
  }
  return sum;
}

/// What a thread lays down and the next one takes up.
struct Table {
  std::mutex mutex;
  Burst burst;

  void swap_third(Burst& own) {
    Burst third{own.end() - static_cast<std::ptrdiff_t>(own.size() / 3), own.end()};
    own.resize(own.size() - third.size());
    const std::lock_guard lock{mutex};
    std::swap(burst, third);
    own.insert(own.end(), third.begin(), third.end());
  }
};

std::uint64_t burst_and_swap(Table& table, unsigned thread, unsigned rounds) {
  Random random{thread + 401};
  Burst burst;
  std::uint64_t sum = 0;
  for (unsigned round = 0; round < rounds; ++round) {
    fill(burst, random);
    table.swap_third(burst);
    sum += drain(burst, round % 3);
  }
  return sum;
}

}  // namespace

std::uint64_t run_bursts(unsigned /*threads*/) { return burst_alone(2500); }

std::uint64_t run_swapped_bursts(unsigned threads) {
  Table table;
  std::uint64_t sum = in_threads(
      threads, [&](unsigned thread) { return burst_and_swap(table, thread, 2500 / threads); });
  return sum + drain(table.burst, 0);
}

}  // namespace bench
