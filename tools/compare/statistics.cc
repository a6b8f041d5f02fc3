// Order statistics and ranks.
#include "tools/compare/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

namespace tools::compare {
namespace {

constexpr double kOutside = 0.025;
constexpr double kMostExact = 100'000;

/// The largest k with P(fewer than k of n values lie below the median) <= 2.5%; 0: none.
std::size_t rank_of_interval(std::size_t n) {
  double below = 0;
  double ways = std::pow(0.5, static_cast<double>(n));  // of exactly k below the median
  std::size_t k = 0;
  while (k < n) {
    below += ways;
    if (below > kOutside) return k;
    ways *= static_cast<double>(n - k) / static_cast<double>(k + 1);
    ++k;
  }
  return k;
}

/// Twice the ranks, so that halves stay whole; equal values share the mean of theirs.
std::vector<std::size_t> doubled_ranks(const std::vector<double>& values) {
  std::vector<std::size_t> ranks;
  for (const double value : values) {
    const auto lower =
        std::count_if(values.begin(), values.end(), [&](double other) { return other < value; });
    const auto equal = std::count(values.begin(), values.end(), value);
    ranks.push_back(static_cast<std::size_t>(2 * lower + equal + 1));
  }
  return ranks;
}

double ways_to_choose(std::size_t n, std::size_t k) {
  double ways = 1;
  for (std::size_t i = 0; i < k; ++i) {
    ways *= static_cast<double>(n - i) / static_cast<double>(i + 1);
  }
  return ways;
}

/// The share of all choices of `k` ranks whose sum lies at least as far from the mean as `sum`.
double exact_p(const std::vector<std::size_t>& ranks, std::size_t k, std::size_t sum) {
  const std::size_t total = std::accumulate(ranks.begin(), ranks.end(), std::size_t{0});
  // counts[j][s]: the ways to choose j of the ranks seen so far with sum s
  std::vector<std::vector<double>> counts(k + 1, std::vector<double>(total + 1, 0.0));
  counts[0][0] = 1;
  for (const std::size_t rank : ranks) {
    for (std::size_t j = k; j >= 1; --j) {
      for (std::size_t s = total; s >= rank; --s) counts[j][s] += counts[j - 1][s - rank];
    }
  }
  const double mean = static_cast<double>(total * k) / static_cast<double>(ranks.size());
  const double distance = std::abs(static_cast<double>(sum) - mean);
  double extreme = 0;
  for (std::size_t s = 0; s <= total; ++s) {
    if (std::abs(static_cast<double>(s) - mean) >= distance - 1e-9) extreme += counts[k][s];
  }
  return extreme / ways_to_choose(ranks.size(), k);
}

double normal_p(const std::vector<std::size_t>& ranks, std::size_t k, std::size_t sum) {
  const auto n = static_cast<double>(ranks.size());
  const auto a = static_cast<double>(k);
  const double mean = (n + 1) / 2;
  double spread = 0;
  for (const std::size_t rank : ranks) {
    const double off = static_cast<double>(rank) / 2 - mean;
    spread += off * off;
  }
  const double variance = a * (n - a) / (n * (n - 1)) * spread;
  if (variance <= 0) return 1;
  const double z = std::abs(static_cast<double>(sum) / 2 - a * mean) / std::sqrt(variance);
  return std::erfc(z / std::sqrt(2.0));
}

}  // namespace

Summary summarize(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  Summary summary{(values[(n - 1) / 2] + values[n / 2]) / 2, values.front(), values.back(), {}};
  if (const std::size_t rank = rank_of_interval(n); rank > 0) {
    summary.interval = {values[rank - 1], values[n - rank]};
  }
  return summary;
}

double p_value(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.empty() || b.empty()) return 1;
  std::vector<double> all = a;
  all.insert(all.end(), b.begin(), b.end());
  const auto ranks = doubled_ranks(all);
  const std::size_t sum = std::accumulate(
      ranks.begin(), ranks.begin() + static_cast<std::ptrdiff_t>(a.size()), std::size_t{0});
  const bool exact = ways_to_choose(all.size(), a.size()) <= kMostExact;
  return exact ? exact_p(ranks, a.size(), sum) : normal_p(ranks, a.size(), sum);
}

}  // namespace tools::compare
