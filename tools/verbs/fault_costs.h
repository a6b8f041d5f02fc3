// What faults cost here: the saved calibration, where it speaks of the machine that is simulated.
#pragma once

#include "tools/measure/costs_file.h"
#include "tools/run/fault_time.h"
#include "tools/run/sim_runner.h"

namespace tools::verbs {

/// The calibration of this machine, or why there is none for `setup`.
[[nodiscard]] measure::SavedCosts costs_for(const run::SimSetup& setup);

/// The time of a run's faults. `timed`: as run::fault_time takes them.
[[nodiscard]] run::FaultTime fault_time(const measure::SavedCosts& costs,
                                        const script::Program& program,
                                        const run::RunOutcome& outcome,
                                        const std::vector<run::RunOutcome>& timed = {});

}  // namespace tools::verbs
