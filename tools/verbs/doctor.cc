// faultline doctor: what this machine allows.
#include "tools/measure/doctor.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "pagesim/kernel/version.h"
#include "tools/measure/calibrate.h"
#include "tools/measure/costs_file.h"
#include "tools/measure/rights.h"
#include "tools/report/fault_time.h"
#include "tools/report/run_json.h"
#include "tools/report/table.h"
#include "tools/run/temp_files.h"
#include "tools/verbs/output.h"
#include "tools/verbs/refusal.h"
#include "tools/verbs/verbs.h"

namespace tools::verbs {

namespace {

namespace kernel = pagesim::kernel;
using report::Align;

/// "2.6.24": a version without its name.
std::string number(kernel::KernelVersion version) {
  return version == kernel::KernelVersion{} ? "always" : to_string(version).substr(6);
}

/// What changed between kernels, and what holds on the running one.
std::string profiles_text() {
  const kernel::KernelVersion running = measure::running_kernel();
  report::Table rules{
      {{"since", Align::Left}, {"here", Align::Left}, {"rule", Align::Left}, {"", Align::Left}}};
  for (const kernel::Rule& rule : kernel::rules()) {
    rules.add({number(rule.since), rule.holds_in(running) ? "yes" : "no", std::string{rule.name},
               std::string{rule.meaning}});
  }
  rules.add({"4.12", running >= kernel::KernelVersion{4, 12} ? "256" : "1", "stack_guard_gap",
             "256 pages stay free below a stack; before, 1"});
  report::Table calls{{{"since", Align::Left},
                       {"here", Align::Left},
                       {"call or flag", Align::Left},
                       {"before", Align::Left}}};
  for (const kernel::NewCall& call : kernel::new_calls()) {
    calls.add({number(call.since), running >= call.since ? "yes" : "no", std::string{call.name},
               std::string{call.before}});
  }
  return fmt::format(
      "Running: {}. Any --kernel linux-VERSION has the rules in force then; each is a "
      "knob of --set too (0 or 1).\n\n{}\n{}",
      to_string(running), rules.to_text(), calls.to_text());
}

std::string profiles_json() {
  report::Json json;
  json["version"] = 1;
  json["running"] = to_string(measure::running_kernel());
  json["rules"] = report::Json::array();
  for (const kernel::Rule& rule : kernel::rules()) {
    json["rules"].push_back({{"name", rule.name},
                             {"since", number(rule.since)},
                             {"meaning", rule.meaning},
                             {"here", rule.holds_in(measure::running_kernel())}});
  }
  json["calls"] = report::Json::array();
  for (const kernel::NewCall& call : kernel::new_calls()) {
    json["calls"].push_back(
        {{"name", call.name}, {"since", number(call.since)}, {"before", call.before}});
  }
  return json.dump() + '\n';
}

std::string findings(bool json) {
  const auto found = measure::examine();
  return json ? measure::render_json(found) : measure::render_text(found);
}

/// Measures, shows, and saves.
std::string calibrated(bool json) {
  const std::string path = measure::costs_path();
  if (path.empty()) {
    throw Refusal{kUnable,
                  "doctor --calibrate: there is no folder to save it in; set HOME or "
                  "XDG_CONFIG_HOME."};
  }
  fmt::print(stderr, "Measuring: keep this machine quiet for some seconds.\n");
  const pagesim::Costs costs = measure::calibrate(run::disk_directory());
  measure::save_costs(costs, path);
  if (json) return measure::costs_json(costs) + '\n';
  return fmt::format(
      "{}\n{}\nThe median of {} rounds; +-: half of what their middle half spans. Saved in {}.\n"
      "Not in it: walks of the tables after the TLB was flushed, and data of the program that a\n"
      "fault drove out of the caches. A single fault in cold code takes longer.\n",
      report::costs_text(costs), report::steps_text(costs), measure::kCalibrationRounds, path);
}

struct DoctorOptions {
  bool profiles = false;
  bool calibrate = false;
  Output output;
};

int examine(const DoctorOptions& options) {
  const bool json = options.output.format == "json";
  if (options.calibrate)
    options.output.write(calibrated(json));
  else if (options.profiles)
    options.output.write(json ? profiles_json() : profiles_text());
  else
    options.output.write(findings(json));
  return kEqual;
}

}  // namespace

void add_doctor(CLI::App& app, int& status) {
  CLI::App* verb = app.add_subcommand(
      "doctor", "Say what this machine allows: perf events, page map, swap, allocators found.");
  auto options = std::make_shared<DoctorOptions>();
  verb->add_flag("--profiles", options->profiles,
                 "List the rules and calls that differ between kernel versions");
  verb->add_flag("--calibrate", options->calibrate,
                 "Measure what each kind of fault takes here, and save it for the other verbs")
      ->excludes("--profiles");
  options->output.add_to(*verb, "table|json");
  verb->callback([options, &status] { status = examine(*options); });
}

}  // namespace tools::verbs
