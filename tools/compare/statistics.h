// Small samples of runs: median, interval, and whether two of them differ.
#pragma once

#include <optional>
#include <utility>
#include <vector>

namespace tools::compare {

/// The runs of one figure.
struct Summary {
  double median = 0;
  double least = 0;
  double most = 0;
  /// 95% interval of the median by order statistics: the ranks that hold it with that confidence
  /// whatever the distribution. Fewer than 6 runs have none.
  std::optional<std::pair<double, double>> interval;
};

/// Of at least one value.
[[nodiscard]] Summary summarize(std::vector<double> values);

/// Two-sided p-value that both come from one distribution: the Mann-Whitney rank test, exact over
/// all ways to share out the ranks (ties as they are) while there are at most 100,000 of those, by
/// the normal approximation above that. 1 where either is empty.
[[nodiscard]] double p_value(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace tools::compare
