// What programs do with malloc: workloads of a fixed amount of work, each run as a process of its
// own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

namespace bench {

/// A xorshift generator: the same numbers under every allocator.
class Random {
 public:
  explicit Random(std::uint64_t seed) noexcept : state_{seed * kOdd + 1} {}
  std::uint64_t next() noexcept {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_ * kOdd;
  }
  /// A number below n.
  std::size_t below(std::size_t n) noexcept {
    return static_cast<std::size_t>((next() >> 32) * n >> 32);
  }
  /// A number in [low, high].
  std::size_t between(std::size_t low, std::size_t high) noexcept {
    return low + below(high - low + 1);
  }
  /// A block's size as programs ask for it: as many between 16 and 31 bytes as between 32 and 63,
  /// and so on below 2^top.
  std::size_t size(unsigned top) noexcept {
    const std::size_t power = std::size_t{1} << between(4, top - 1);
    return power + below(power);
  }

 private:
  static constexpr std::uint64_t kOdd = 0x9E37'79B9'7F4A'7C15;
  std::uint64_t state_;
};

/// A block that its owner wrote to: the size in its first word, and a byte in each page of it.
[[nodiscard]] inline void* make_block(std::size_t n) {
  constexpr std::size_t kPage = 4096;
  auto* const block = static_cast<unsigned char*>(std::malloc(n));
  if (block == nullptr) std::abort();
  for (std::size_t at = kPage; at < n; at += kPage) block[at] = 1;
  std::memcpy(block, &n, sizeof n);
  return block;
}
/// Frees a block of make_block's, or null, and gives its size back: that it still stands there is
/// the workloads' check.
inline std::size_t free_block(void* block) noexcept {
  if (block == nullptr) return 0;
  std::size_t n = 0;
  std::memcpy(&n, block, sizeof n);
  std::free(block);
  return n;
}

/// Runs work(thread) in `threads` threads, in the calling one where there is but one, and adds up
/// what they return.
template <class Work>
std::uint64_t in_threads(unsigned threads, Work work) {
  if (threads == 1) return work(0u);
  std::vector<std::uint64_t> sums(threads);
  std::vector<std::thread> running;
  for (unsigned i = 0; i < threads; ++i) {
    running.emplace_back([&sums, &work, i] { sums[i] = work(i); });
  }
  std::uint64_t sum = 0;
  for (unsigned i = 0; i < threads; ++i) {
    running[i].join();
    sum += sums[i];
  }
  return sum;
}

struct Workload {
  std::string_view name;
  std::string_view text;  ///< what it does
  /// The same sum under every allocator, whatever the threads' order.
  std::uint64_t (*run)(unsigned threads);
  std::span<const unsigned> threads;  ///< how many it is measured with
};

inline constexpr unsigned kOne[] = {1};          // NOLINT(*-avoid-c-arrays)
inline constexpr unsigned kShared[] = {2, 8};    // NOLINT(*-avoid-c-arrays)
inline constexpr unsigned kAlone[] = {1, 2, 8};  // NOLINT(*-avoid-c-arrays)

// One file each.
std::uint64_t run_fixed(unsigned threads);
std::uint64_t run_mixed(unsigned threads);
std::uint64_t run_server(unsigned threads);
std::uint64_t run_handoff(unsigned threads);
std::uint64_t run_bursts(unsigned threads);
std::uint64_t run_swapped_bursts(unsigned threads);
std::uint64_t run_survivors(unsigned threads);
std::uint64_t run_scratch(unsigned threads);
std::uint64_t run_thrash(unsigned threads);
std::uint64_t run_large(unsigned threads);
std::uint64_t run_growth(unsigned threads);
std::uint64_t run_starts(unsigned threads);
std::uint64_t run_fragments(unsigned threads);
std::uint64_t run_regrow(unsigned threads);
std::uint64_t run_huge(unsigned threads);
std::uint64_t run_containers(unsigned threads);

}  // namespace bench
