// faultline what-if: one script or trace under many machines and tunables.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <memory>

#include "tools/report/run_text.h"
#include "tools/run/sim/run.h"
#include "tools/run/sim_runner.h"
#include "tools/verbs/fault_costs.h"
#include "tools/verbs/output.h"
#include "tools/verbs/refusal.h"
#include "tools/verbs/variation.h"
#include "tools/verbs/verbs.h"
#include "tools/verbs/what_if_row.h"

namespace tools::verbs {
namespace {

struct WhatIfOptions {
  std::string file;
  std::vector<std::string> vary;
  bool list_knobs = false;
  RowSetup base;
  Output output;
};

/// The page tables of the process that ever had most, bytes of VmPTE.
class TablePeak final : public run::SimWitness {
 public:
  explicit TablePeak(const script::Program& program) : program_{program} {}

  void after(std::size_t op, const run::sim::Run& run) override {
    look(run, program_.ops[op].process);
    if (program_.ops[op].peer != script::kNone) look(run, program_.ops[op].peer);
  }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return most_; }

 private:
  void look(const run::sim::Run& run, std::uint32_t task) {
    if (const pagesim::Task* alive = run.task(task))
      most_ = std::max(most_, static_cast<std::uint64_t>(alive->rss().page_tables));
  }

  const script::Program& program_;
  std::uint64_t most_ = 0;
};

/// The first signal or abort, and where; empty: the program came to its end.
std::string end_of(const script::Program& program, const run::RunOutcome& outcome) {
  if (outcome.signals.empty()) return {};
  const auto& [op, signal] = outcome.signals.front();
  const std::string what = outcome.abort_message      ? "aborted: " + *outcome.abort_message
                           : signal.number == SIGKILL ? std::string{"out of memory"}
                                                      : report::signal_text(signal);
  return fmt::format("{}, line {}", what, program.ops[op].line);
}

/// As replay runs it.
WhatIfRow run_row(const RowSetup& setup, const std::string& file) {
  Workload work = setup.workload.load(file, setup.machine);
  if (setup.fork.is_set()) add_fork(work.program, setup.fork);
  const run::SimSetup machine = work.machine.setup();
  run::SimRunner runner{machine};
  TablePeak tables{work.program};
  runner.set_witness(&tables);
  WhatIfRow row;
  try {
    const run::RunOutcome outcome = runner.run(work.program, work.options);
    row.ran = true;
    row.end = end_of(work.program, outcome);
    row.tally = report::tally(work.program, outcome);
    row.peak_rss = outcome.peak_rss;
    row.table_pages = tables.bytes() / machine.config.geometry.page_size();
    row.fault_time = fault_time(costs_for(machine), work.program, outcome);
  } catch (const run::Unsupported& refused) {
    row.end = refused.missing();
  }
  return row;
}

/// Every value is looked at before anything runs, so that a wrong one is told at once.
std::vector<RowSetup> setups_of(const WhatIfOptions& options,
                                const std::vector<Variation>& variations,
                                const std::vector<Combination>& rows) {
  std::vector<RowSetup> setups;
  const script::Program program =
      options.base.workload.load(options.file, options.base.machine).program;
  for (const Combination& row : rows) {
    setups.push_back(setup_of(options.base, variations, row));
    static_cast<void>(setups.back().machine.setup());
    check_fork(program, setups.back().fork);
  }
  return setups;
}

bool any_time(const std::vector<RowSetup>& setups) {
  return std::any_of(setups.begin(), setups.end(), [](const RowSetup& setup) {
    return costs_for(setup.machine.setup()).costs.has_value();
  });
}

int what_if(const WhatIfOptions& options) {
  if (options.list_knobs) {
    options.output.write(knobs_text());
    return kEqual;
  }
  if (options.file.empty() || options.vary.empty()) {
    throw Refusal{kWrongInput,
                  "what-if: expected FILE and --vary KNOB=VALUE,VALUE,...; faultline "
                  "what-if --knobs lists the knobs."};
  }
  options.base.machine.check_simulated();
  const std::vector<Variation> variations = read_variations(options.vary);
  const std::vector<Combination> rows = combinations(variations);
  const std::vector<RowSetup> setups = setups_of(options, variations, rows);
  const auto printer =
      row_printer(options.output.format, {options.file, variations, any_time(setups)});
  OutputStream out{options.output};
  int status = kEqual;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    WhatIfRow row = run_row(setups[i], options.file);
    row.values = rows[i];
    if (!row.ran) status = kUnable;
    out.write(printer->row(row));
  }
  out.finish();
  return status;
}

}  // namespace

void add_what_if(CLI::App& app, int& status) {
  CLI::App* verb = app.add_subcommand(
      "what-if",
      "Run a script or trace simulated, under many machines and tunables, in one table.");
  auto options = std::make_shared<WhatIfOptions>();
  verb->add_option("file", options->file, "Script, trace or lesson/NAME")->type_name("FILE");
  verb->add_option("--vary", options->vary,
                   "A knob and its values; given again, every combination is run")
      ->type_name("KNOB=V1,V2,...")
      ->allow_extra_args(false);
  verb->add_flag("--knobs", options->list_knobs, "List the knobs with their values");
  options->base.machine.add_to(*verb);
  options->base.machine.add_allocator_to(*verb, "Whose calls: ptmalloc or faultline");
  options->base.workload.add_to(*verb);
  options->output.add_to(*verb, "table|json|csv");
  verb->callback([options, &status] { status = what_if(*options); });
  verb->footer("Exit status: 0 done, 2 wrong input, 3 a row could not be run.");
}

}  // namespace tools::verbs
