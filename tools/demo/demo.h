// The demo: every workload under every allocator found, simulated and real.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tools/demo/workload.h"
#include "tools/measure/costs_file.h"
#include "tools/report/run_json.h"
#include "tools/run/compare_runs.h"
#include "tools/run/fault_time.h"
#include "tools/run/sim_runner.h"

namespace tools::demo {

/// One allocator on one workload.
struct Row {
  std::string allocator;  ///< "ptmalloc (simulated)", "glibc"
  std::optional<run::RunOutcome> outcome{};
  std::optional<double> seconds{};  ///< of the operations run back to back
  std::string refused{};            ///< why there is no outcome
  report::Knowledge known{};
};

struct WorkloadResult {
  Workload workload;
  std::vector<Row> rows;       ///< [0] ptmalloc simulated, [1] ptmalloc real, then the peers
  run::Comparison difference;  ///< simulated minus real, of ptmalloc
  run::FaultTime fault_time;   ///< of ptmalloc: predicted from the simulated faults, and measured
  [[nodiscard]] bool compared() const { return rows[0].outcome && rows[1].outcome; }
  [[nodiscard]] std::string verdict() const;
};

struct DemoResult {
  std::vector<WorkloadResult> workloads;
  std::vector<std::string> missing;  ///< what this machine lacks, a sentence each
  std::string where;                 ///< kernel, C library, allocators with their versions

  [[nodiscard]] bool compared() const;  ///< at least one workload ran on both machines
  [[nodiscard]] bool equal() const;     ///< and none of them differs
  [[nodiscard]] std::string verdict() const;
};

[[nodiscard]] DemoResult run_demo(const run::SimSetup& setup, const measure::SavedCosts& costs);

/// One table, a group of rows for each workload.
[[nodiscard]] std::string to_text(const DemoResult& result);
[[nodiscard]] report::Json to_json(const DemoResult& result);

}  // namespace tools::demo
