// The costs file: a calibration, kept between runs.
#pragma once

#include <optional>
#include <string>

#include "pagesim/cost.h"

namespace tools::measure {

/// $XDG_CONFIG_HOME/faultline/costs.json, or ~/.config/faultline/costs.json; empty: no home.
[[nodiscard]] std::string costs_path();
/// What the file says, one JSON object.
[[nodiscard]] std::string costs_json(const pagesim::Costs& costs);
/// Throws std::runtime_error with one sentence where the file cannot be written.
void save_costs(const pagesim::Costs& costs, const std::string& path);

/// A calibration of this kernel on this processor, or a sentence that says why there is none.
struct SavedCosts {
  std::optional<pagesim::Costs> costs;
  std::string missing;
};
[[nodiscard]] SavedCosts load_costs(const std::string& path);

}  // namespace tools::measure
