// faultline replay: one run, its fault list and counters.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "tools/report/chrome_trace.h"
#include "tools/report/fault_time.h"
#include "tools/report/run_text.h"
#include "tools/report/table.h"
#include "tools/run/kernel_runner.h"
#include "tools/run/place.h"
#include "tools/run/sim_runner.h"
#include "tools/run/timed_runs.h"
#include "tools/verbs/era_option.h"
#include "tools/verbs/fault_costs.h"
#include "tools/verbs/machine_options.h"
#include "tools/verbs/output.h"
#include "tools/verbs/refusal.h"
#include "tools/verbs/verbs.h"
#include "tools/verbs/workload_options.h"

namespace tools::verbs {
namespace {

struct ReplayOptions {
  std::string file;
  std::string on = "sim";
  MachineOptions machine;
  WorkloadOptions workload;
  EraOption era;
  Output output;
};

/// Scripts are shown line by line; a trace of more operations than this only summed up.
constexpr std::size_t kOpsShown = 1000;

run::KernelOptions kernel_options(const ReplayOptions& options, const run::SimSetup& setup) {
  run::KernelOptions kernel;
  kernel.allocator = options.machine.allocator;
  kernel.environment = setup.layout.environment;
  return kernel;
}

std::unique_ptr<run::Runner> runner_of(const ReplayOptions& options,
                                       const MachineOptions& machine) {
  if (options.on == "kernel") {
    return std::make_unique<run::KernelRunner>(kernel_options(options, machine.setup()));
  }
  options.machine.check_simulated();
  return std::make_unique<run::SimRunner>(machine.setup());
}

report::Json json_of(const ReplayOptions& options, const script::Program& program,
                     const run::RunOutcome& outcome, const report::Knowledge& known,
                     const run::FaultTime& time) {
  report::Json json;
  json["version"] = 1;
  json["file"] = options.file;
  json["allocator"] = options.machine.allocator;
  json["on"] = options.on;
  json["machine"] = options.machine.machine;
  json["seed"] = options.machine.seed;
  json["totals"] = report::totals_json(program, outcome, known);
  json["fault_time"] = report::to_json(time);
  run::Places places{program, outcome};
  json["ops"] = report::Json::array();
  for (std::size_t i = 0; i < program.ops.size(); ++i) {
    places.advance(i);
    report::Json op;
    op["line"] = program.ops[i].line;
    op["script"] = report::op_text(program, i);
    op.update(report::op_json(
        outcome, i,
        [&](std::size_t at, const pagesim::FaultRecord& fault) {
          return places.text(program.ops[at].process, fault.address);
        },
        known));
    op["fault_time"] = report::op_time_json(time, i);
    json["ops"].push_back(std::move(op));
  }
  return json;
}

/// One line a fault.
std::string csv_of(const script::Program& program, const run::RunOutcome& outcome,
                   const report::Knowledge& known) {
  std::string text = "line,process,place,address,access,mode,outcome,cause,writer,error_code\n";
  run::each_fault(program, outcome,
                  [&](std::size_t op, const pagesim::FaultRecord& fault, const std::string& place) {
                    text += fmt::format(
                        "{},{},{},{:#x},{},{},{},{},{},{}\n", program.ops[op].line, fault.process,
                        place, fault.address.raw(), fault.access ? to_string(*fault.access) : "",
                        to_string(fault.mode), to_string(fault.outcome),
                        known.causes ? to_string(fault.cause) : "",
                        known.writers ? to_string(allocator::writer_of(fault.tag)) : "",
                        fault.error_code ? std::to_string(*fault.error_code) : "");
                  });
  return text;
}

std::string text_of(const ReplayOptions& options, const script::Program& program,
                    const run::RunOutcome& outcome, const std::string& machine,
                    const report::Knowledge& known, const run::FaultTime& time) {
  std::string text =
      fmt::format("{}: {} on {}\n\n", options.file, options.machine.allocator, machine);
  if (program.ops.size() <= kOpsShown) {
    text += report::ops_text(program, outcome, known) + '\n';
  } else {
    text += report::counted(program.ops.size(), "operation") + '\n';
  }
  return text + report::summary_text(program, outcome, known) +
         fmt::format("fault time {}\n", report::fault_time_text(time));
}

/// A real run is made again for the time of its accesses, where there is a prediction to compare.
run::FaultTime fault_time_of(const ReplayOptions& options, const Workload& work,
                             const run::RunOutcome& outcome) {
  const run::SimSetup setup = work.machine.setup();
  const measure::SavedCosts costs = costs_for(setup);
  std::vector<run::RunOutcome> timed;
  if (options.on == "kernel" && costs.costs)
    timed = run::timed_runs(work.program, work.options, kernel_options(options, setup));
  return fault_time(costs, work.program, outcome, timed);
}

void replay(const ReplayOptions& options) {
  const Workload work = options.workload.load(options.file, options.machine);
  const script::Program& program = work.program;
  const auto runner = runner_of(options, work.machine);
  const run::RunOutcome outcome = runner->run(program, work.options);
  const bool simulated = options.on == "sim";
  const report::Knowledge known{
      .causes = outcome.has_causes, .writers = simulated, .era = options.era.of(simulated)};
  const report::Logged logged{program, outcome, known, runner->name()};
  if (options.output.format == "json") {
    const run::FaultTime time = fault_time_of(options, work, outcome);
    options.output.write(json_of(options, program, outcome, known, time).dump() + '\n');
  } else if (options.output.format == "csv") {
    options.output.write(csv_of(program, outcome, known));
  } else if (options.output.format == "trace") {
    options.output.write(report::fault_log(logged));
  } else if (options.output.format == "chrome") {
    options.output.write(report::chrome_trace({logged}).dump() + '\n');
  } else {
    const run::FaultTime time = fault_time_of(options, work, outcome);
    options.output.write(text_of(options, program, outcome, runner->name(), known, time));
  }
}

}  // namespace

void add_replay(CLI::App& app, int& status) {
  CLI::App* verb = app.add_subcommand(
      "replay", "Run a script or trace once, simulated or for real, and show every fault.");
  auto options = std::make_shared<ReplayOptions>();
  verb->add_option("file", options->file, "Script, trace or lesson/NAME; - is standard input")
      ->required()
      ->type_name("FILE");
  verb->add_option("--on", options->on, "Where to run it: sim or kernel")
      ->check(CLI::IsMember({"sim", "kernel"}))
      ->type_name("MACHINE")
      ->capture_default_str();
  options->machine.add_to(*verb);
  options->machine.add_allocator_to(
      *verb,
      "ptmalloc or faultline; on the kernel also glibc, jemalloc, mimalloc, tcmalloc or a "
      "library's path");
  options->workload.add_to(*verb);
  options->era.add_to(*verb);
  options->output.add_to(*verb, "table|json|csv|trace|chrome");
  verb->callback([options, &status] {
    replay(*options);
    status = kEqual;
  });
}

}  // namespace tools::verbs
