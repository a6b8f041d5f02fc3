// The demo: every workload under every allocator found, simulated and real.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
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

/// One of our allocators on both machines.
struct OwnRows {
  std::string allocator;
  Row simulated, real;
  run::Comparison difference;  ///< simulated minus real
  [[nodiscard]] bool compared() const { return simulated.outcome && real.outcome; }
  [[nodiscard]] std::string verdict() const;
};

struct WorkloadResult {
  Workload workload;
  std::vector<OwnRows> own;  ///< ptmalloc first
  std::vector<Row> peers;
  run::FaultTime fault_time;  ///< of ptmalloc: predicted from the simulated faults, and measured

  [[nodiscard]] std::vector<const Row*> rows() const;  ///< all, as they are shown
  [[nodiscard]] bool compared() const;                 ///< any of ours ran on both machines
  [[nodiscard]] bool equal() const;                    ///< all that did are equal
};

struct DemoResult {
  std::vector<WorkloadResult> workloads;
  std::vector<std::string> missing;  ///< what this machine lacks, a sentence each
  std::string where;                 ///< kernel, C library, allocators with their versions

  [[nodiscard]] bool compared() const;  ///< any workload ran on both machines
  [[nodiscard]] bool equal() const;     ///< and none of them differs
  [[nodiscard]] std::string verdict() const;
};

/// What a program is simulated on, with one of our allocators.
using SetupFor = std::function<run::SimSetup(const script::Program&, std::string_view allocator)>;

[[nodiscard]] DemoResult run_demo(const SetupFor& setup_for, const measure::SavedCosts& costs);

/// One table, a group of rows for each workload.
[[nodiscard]] std::string to_text(const DemoResult& result);
[[nodiscard]] report::Json to_json(const DemoResult& result);

}  // namespace tools::demo
