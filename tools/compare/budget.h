// Budget: what a comparison may cost before a check in CI fails.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tools/compare/comparison.h"
#include "tools/report/run_json.h"

namespace tools::compare {

struct Budget {
  std::optional<std::uint64_t> max_faults{};     ///< minor and major, median of each subject
  std::optional<std::uint64_t> max_rss_bytes{};  ///< peak, median
  /// An earlier comparison as to_json() gives it. A subject's faults, and those of each function,
  /// may grow by `tolerance` percent of that subject's faults then, and by 16 in any case.
  std::optional<report::Json> baseline{};
  double tolerance = 1;
};

struct Verdict {
  std::vector<std::string> over;     ///< a sentence each, and the sites below it
  std::vector<std::string> remarks;  ///< what could not be compared
};

/// Throws std::runtime_error with one sentence where `baseline` is no comparison.
[[nodiscard]] Verdict judge(const Comparison& comparison, const Budget& budget);

}  // namespace tools::compare
