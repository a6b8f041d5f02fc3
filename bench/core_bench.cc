// The core over the process's own memory beside the process's own malloc, in one program:
//   core_bench --benchmark_enable_random_interleaving=true --benchmark_repetitions=9
#include <benchmark/benchmark.h>

#include <bit>
#include <cstdlib>

#include "allocator/malloc.h"
#include "allocator/real_memory.h"
#include "bench/pairs.h"

namespace {

struct ProcessMalloc {
  static void* malloc(std::size_t n) { return std::malloc(n); }
  static void free(void* p) { std::free(p); }
};

/// Out of line, as a program calls a library.
struct Ptmalloc {
  using Core = allocator::Malloc<allocator::RealMemory>;
  [[gnu::noinline]] static void* malloc(std::size_t n) {
    return std::bit_cast<void*>(Core{allocator::RealMemory{}}.malloc(n).raw());
  }
  [[gnu::noinline]] static void free(void* p) {
    Core{allocator::RealMemory{}}.free(allocator::VirtAddr{std::bit_cast<std::uint64_t>(p)});
  }
};

void BM_PairProcess(benchmark::State& state) { bench::hot_pair<ProcessMalloc>(state); }
void BM_PairPtmalloc(benchmark::State& state) { bench::hot_pair<Ptmalloc>(state); }
void BM_BatchProcess(benchmark::State& state) { bench::batch<ProcessMalloc>(state); }
void BM_BatchPtmalloc(benchmark::State& state) { bench::batch<Ptmalloc>(state); }

BENCHMARK(BM_PairProcess)->Apply(bench::pair_sizes);
BENCHMARK(BM_PairPtmalloc)->Apply(bench::pair_sizes);
BENCHMARK(BM_BatchProcess)->Apply(bench::batch_sizes);
BENCHMARK(BM_BatchPtmalloc)->Apply(bench::batch_sizes);

}  // namespace

BENCHMARK_MAIN();
