// The loops every allocator is measured with.
#pragma once

#include <benchmark/benchmark.h>

#include <array>
#include <cstddef>

namespace bench {

inline void pair_sizes(benchmark::internal::Benchmark* benchmark) {
  for (const int size : {16, 64, 256, 1024, 4096, 32768, 262144, 1048576}) benchmark->Arg(size);
}
inline void batch_sizes(benchmark::internal::Benchmark* benchmark) {
  for (const int size : {16, 256, 2048}) benchmark->Arg(size);
}

/// One block of range(0) bytes, allocated and freed at once: the hottest path there is.
template <class Allocator>
void hot_pair(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    void* p = Allocator::malloc(size);
    benchmark::DoNotOptimize(p);
    Allocator::free(p);
  }
  state.SetItemsProcessed(state.iterations());
}

/// 1,000 blocks allocated, then freed first in, first out: beyond the thread cache's depth.
template <class Allocator>
void batch(benchmark::State& state) {
  const auto size = static_cast<std::size_t>(state.range(0));
  static thread_local std::array<void*, 1000> blocks;
  for (auto _ : state) {
    for (void*& block : blocks) block = Allocator::malloc(size);
    benchmark::ClobberMemory();
    for (void* block : blocks) Allocator::free(block);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(blocks.size()));
}

}  // namespace bench
