// A seeded stream of choices, the same on every machine.
#pragma once

#include <bit>
#include <cstdint>
#include <initializer_list>
#include <random>
#include <span>

namespace truth {

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_{seed} {}

  /// 0 <= number < n.
  std::uint64_t below(std::uint64_t n) { return engine_() % n; }
  /// low <= number <= high.
  std::uint64_t between(std::uint64_t low, std::uint64_t high) {
    return low + below(high - low + 1);
  }
  /// True once in n.
  bool once_in(std::uint64_t n) { return below(n) == 0; }
  /// Small numbers as likely as large ones: uniform in the number of bits.
  std::uint64_t any_scale(std::uint64_t high) {
    const std::uint64_t limit = high >> below(static_cast<std::uint64_t>(std::bit_width(high)));
    return below(limit + 1);
  }
  template <class T>
  T pick(std::initializer_list<T> choices) {
    return choices.begin()[below(choices.size())];
  }
  template <class T>
  const T& pick(std::span<const T> choices) {
    return choices[below(choices.size())];
  }
  /// An index, each as likely as its weight says.
  std::size_t weighted(std::span<const unsigned> weights) {
    std::uint64_t sum = 0;
    for (const unsigned weight : weights) sum += weight;
    std::uint64_t left = below(sum);
    std::size_t index = 0;
    while (left >= weights[index]) left -= weights[index++];
    return index;
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace truth
