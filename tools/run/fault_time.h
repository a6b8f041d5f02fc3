// The time of faults: what a calibration predicts for a run, beside what was measured.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pagesim/cost.h"
#include "tools/run/outcome.h"
#include "tools/script/op.h"

namespace tools::run {

/// What the faults of one operation take.
struct OpTime {
  double predicted_ns = 0;
  std::uint32_t faults = 0;        ///< counted
  std::uint32_t without_time = 0;  ///< of them: kinds that no calibration knows, or not known
  std::optional<double> measured_ns;

  [[nodiscard]] bool is_compared() const noexcept { return measured_ns && without_time == 0; }
};

/// The time of a run's faults, or a sentence that says why it is not known.
struct FaultTime {
  std::vector<OpTime> ops;  ///< one for each Program::ops
  OpTime all;               ///< measured_ns stays empty: calls of the allocator do more than fault
  /// The accesses that faulted, were timed, and whose every fault has a predicted time.
  OpTime accesses;
  std::string missing;

  [[nodiscard]] bool is_known() const noexcept { return missing.empty(); }
};
/// From the faults of a run, simulated or real, with their causes. `timed`: runs of the same
/// program with KernelOptions::time_accesses; of an operation the median of those that were charged
/// with as many faults is taken.
[[nodiscard]] FaultTime fault_time(const script::Program& program, const RunOutcome& outcome,
                                   const pagesim::Costs& costs,
                                   const std::vector<RunOutcome>& timed = {});

}  // namespace tools::run
