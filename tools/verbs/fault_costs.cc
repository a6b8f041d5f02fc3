// What faults cost here: the saved calibration, where it speaks of the machine that is simulated.
#include "tools/verbs/fault_costs.h"

#include "tools/verbs/this_kernel.h"

namespace tools::verbs {

measure::SavedCosts costs_for(const run::SimSetup& setup) {
  const std::string other = other_machine(setup);
  if (!other.empty()) return {std::nullopt, "not known: " + other};
  return measure::load_costs(measure::costs_path());
}

run::FaultTime fault_time(const measure::SavedCosts& costs, const script::Program& program,
                          const run::RunOutcome& outcome,
                          const std::vector<run::RunOutcome>& timed) {
  if (costs.costs) return run::fault_time(program, outcome, *costs.costs, timed);
  run::FaultTime unknown;
  unknown.missing = costs.missing;
  return unknown;
}

}  // namespace tools::verbs
