// Runs what a page is to show, and puts the recordings into it.
#include "tools/verbs/explain_page.h"

#include <functional>
#include <nlohmann/json.hpp>
#include <utility>

#include "tools/explain/lesson.h"
#include "tools/explain/page/page.h"
#include "tools/explain/page/recording.h"
#include "tools/explain/page/tries.h"
#include "tools/explain/steps_json.h"
#include "tools/script/print.h"
#include "tools/verbs/refusal.h"

namespace tools::verbs {
namespace {

/// A trace as if it had been a script: its names and lines are made up.
void write_as_script(script::Program& program) {
  if (!program.source.empty()) return;
  for (std::size_t i = 0; i < program.names.size(); ++i) {
    program.names[i] = 'b' + std::to_string(i + 1);
  }
  for (script::Op& op : program.ops) {
    program.source.push_back(script::to_text(program, op));
    op.line = static_cast<std::uint32_t>(program.source.size());
  }
}

/// Runs it and shows each step to `look`.
run::RunOutcome step_through(const Workload& work, const run::SimSetup& setup,
                             std::function<void(const explain::Step&)> look) {
  explain::Stepper stepper{work.program, std::move(look)};
  run::SimRunner runner{setup};
  runner.set_witness(&stepper);
  return runner.run(work.program, work.options);
}

/// `difference`: in what it differs from the run beside it, for people.
std::string recorded(Workload work, const std::string& difference = "") {
  write_as_script(work.program);
  const run::SimSetup setup = work.machine.setup();
  explain::Recording recording{work.program};
  const run::RunOutcome outcome =
      step_through(work, setup, [&](const explain::Step& step) { recording.take(step); });
  const std::string tries = explain::tries_json({work.program, setup, work.options, {}});
  return recording.json(work.header, outcome, setup, difference, tries);
}

/// The same file with one thing changed.
std::string recorded_beside(const std::string& file, const std::string& change,
                            MachineOptions machine, const WorkloadOptions& workload) {
  const auto equals = change.find('=');
  if (equals == std::string::npos) {
    throw Refusal{kWrongInput, "--beside " + change +
                                   ": expected KNOB=VALUE, as in machine=arm64-4k or "
                                   "glibc.malloc.tcache_count=0."};
  }
  const std::string value = change.substr(equals + 1);
  if (change.starts_with("machine=")) {
    machine.machine = value;
  } else if (change.starts_with("kernel=")) {
    machine.kernel = value;
  } else {
    machine.settings.push_back(change);
  }
  return recorded(workload.load(file, machine), change);
}

}  // namespace

std::string explain_page(const std::vector<std::string>& files, const std::string& beside,
                         const MachineOptions& machine, const WorkloadOptions& workload) {
  const bool course = files.size() == 1 && explain::means_lessons(files.front()) &&
                      explain::find_lesson(files.front()) == nullptr;
  const std::size_t sides = files.size() + (beside.empty() ? 0 : 1);
  if (sides > 2 || (course && sides > 1)) {
    throw Refusal{kWrongInput, "explain --html shows one file, or two side by side."};
  }
  std::vector<std::string> runs;
  std::string title = course ? "Malloc and page faults" : "";
  for (const std::string& file : with_lessons(files)) {
    Workload work = workload.load(file, machine);
    const std::string& name = work.header.title.empty() ? work.program.path : work.header.title;
    if (!course) title += (title.empty() ? "" : " / ") + name;
    runs.push_back(recorded(std::move(work)));
  }
  if (!beside.empty()) runs.push_back(recorded_beside(files.front(), beside, machine, workload));
  const auto kind = course       ? explain::PageKind::Course
                    : sides == 2 ? explain::PageKind::Pair
                                 : explain::PageKind::Steps;
  return explain::to_html(kind, title, runs);
}

std::string explain_json(const std::string& file, const MachineOptions& machine,
                         const WorkloadOptions& workload) {
  Workload work = workload.load(file, machine);
  write_as_script(work.program);
  const run::SimSetup setup = work.machine.setup();
  report::Json json{{"version", 1}, {"file", file}, {"machine", setup.machine}};
  json["steps"] = report::Json::array();
  step_through(work, setup,
               [&](const explain::Step& step) { json["steps"].push_back(to_json(step)); });
  return json.dump() + '\n';
}

}  // namespace tools::verbs
