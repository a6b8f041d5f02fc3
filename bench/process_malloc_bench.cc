// malloc and free pairs of the process's own allocator: one binary for every peer, chosen by
// LD_PRELOAD. bench/compare.sh runs it under each, interleaved.
#include <benchmark/benchmark.h>

#include <cstdlib>

#include "bench/pairs.h"

namespace {

struct ProcessMalloc {
  static void* malloc(std::size_t n) { return std::malloc(n); }
  static void free(void* p) { std::free(p); }
};

void BM_Pair(benchmark::State& state) { bench::hot_pair<ProcessMalloc>(state); }
void BM_Batch(benchmark::State& state) { bench::batch<ProcessMalloc>(state); }

void thread_counts(benchmark::internal::Benchmark* benchmark) {
  for (const int threads : {1, 2, 8}) benchmark->Threads(threads);
}

BENCHMARK(BM_Pair)->Apply(bench::pair_sizes)->Apply(thread_counts);
BENCHMARK(BM_Batch)->Apply(bench::batch_sizes)->Apply(thread_counts);

}  // namespace

BENCHMARK_MAIN();
