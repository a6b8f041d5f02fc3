// Calibration: what each kind of fault takes on this machine.
#pragma once

#include <string>
#include <vector>

#include "pagesim/cost.h"
#include "tools/measure/fault_trials.h"

namespace tools::measure {

/// Makes rounds of all trials, so that whatever slows this machine for a while slows all of them
/// alike, and takes the median of each.
class Calibration {
 public:
  /// `folder`: where a file of 2 MiB may lie for a moment.
  explicit Calibration(const std::string& folder);

  void round();
  /// A kind that worked in less than half of the rounds stays empty.
  [[nodiscard]] pagesim::Costs costs() const;

 private:
  struct Series {
    Trial trial;
    std::size_t every = 1;  ///< one round of so many: those of the disk are slow
    std::size_t asked = 0;
    std::vector<TrialTimes> seen{};
  };
  [[nodiscard]] static std::optional<pagesim::Figure> figure(const Series& series,
                                                             std::size_t part);
  void add_parts(pagesim::Costs& costs) const;

  TrialFile file_;
  std::size_t rounds_ = 0;
  std::vector<Series> kinds_;  ///< in the order of FaultKind
  Series recycled_;
  Series populate_;
};

/// So many rounds as `doctor --calibrate` makes: some seconds.
inline constexpr int kCalibrationRounds = 41;
[[nodiscard]] pagesim::Costs calibrate(const std::string& folder);

}  // namespace tools::measure
