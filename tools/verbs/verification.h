// One program on both machines, and what came of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/report/run_json.h"
#include "tools/run/compare_runs.h"
#include "tools/run/fault_time.h"
#include "tools/run/runner.h"
#include "tools/run/sim_runner.h"

namespace tools::verbs {

/// The kernel's run is absent where this machine cannot do it: `refused` says why.
struct Verification {
  script::Program program;
  std::string machine = "x86-64";      ///< the simulated one's name
  std::string allocator = "ptmalloc";  ///< of the real run; the simulated one has it if it is ours
  run::RunOutcome simulated;
  std::optional<run::RunOutcome> kernel;
  std::string refused;
  run::Comparison comparison;
  std::vector<run::BrokenExpectation> broken_simulated, broken_kernel;
  run::FaultTime fault_time;  ///< predicted from the simulated faults, measured on the kernel

  [[nodiscard]] bool equal() const noexcept {
    return kernel && comparison.equal() && broken_simulated.empty() && broken_kernel.empty();
  }
  /// "equal: minor 7, major 0 on both; 7 faults agree one by one", or the first difference.
  [[nodiscard]] std::string verdict() const;
};

/// On the kernel, then simulated with the heap where it was there. `why_not_here`: why the kernel
/// is not run; empty: it is.
[[nodiscard]] Verification verify(script::Program program, const run::SimSetup& setup,
                                  run::Runner& kernel, run::RunOptions options,
                                  const std::string& why_not_here = {});

/// The operations side by side, minor and major of both, and the simulated faults.
[[nodiscard]] std::string side_by_side(const Verification& verification);
/// Both runs' fault logs, one after the other; of a run that was refused, why.
[[nodiscard]] std::string fault_logs(const Verification& verification);
/// Both runs in one Chrome trace.
[[nodiscard]] report::Json chrome_trace(const Verification& verification);
/// One object of `verify --format json`.
[[nodiscard]] report::Json to_json(const Verification& verification);

}  // namespace tools::verbs
