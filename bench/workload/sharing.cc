// False sharing: small blocks that threads write to often. `scratch`: one thread made the first of
// them, neighbours; `thrash`: each thread makes its own, and an allocator that hands out one line
// of cache to two threads makes them slow.
#include "bench/workload/workload.h"

namespace bench {
namespace {

constexpr std::size_t kBytes = 8;
constexpr unsigned kWrites = 1000;

std::uint64_t write_often(void* block) {
  auto* const byte = static_cast<volatile unsigned char*>(block);
  for (unsigned i = 0; i < kWrites; ++i) *byte = static_cast<unsigned char>(*byte + 1);
  return *byte;
}

std::uint64_t write_and_replace(void* block, unsigned rounds) {
  std::uint64_t sum = 0;
  for (unsigned round = 0; round < rounds; ++round) {
    *static_cast<unsigned char*>(block) = 0;
    sum += write_often(block);
    std::free(block);
    block = std::malloc(kBytes);
    if (block == nullptr) std::abort();
  }
  std::free(block);
  return sum;
}

}  // namespace

std::uint64_t run_scratch(unsigned threads) {
  std::vector<void*> first(threads);
  for (void*& block : first) block = make_block(kBytes);
  return in_threads(threads, [&](unsigned thread) {
    return write_and_replace(first[thread], 200'000 / threads);
  });
}

std::uint64_t run_thrash(unsigned threads) {
  return in_threads(
      threads, [=](unsigned) { return write_and_replace(make_block(kBytes), 200'000 / threads); });
}

}  // namespace bench
