// faultline verify: scripts and traces on the simulated machine and on this kernel.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "tools/report/fault_time.h"
#include "tools/run/kernel_runner.h"
#include "tools/run/running_kernel.h"
#include "tools/run/timed_runs.h"
#include "tools/verbs/fault_costs.h"
#include "tools/verbs/machine_options.h"
#include "tools/verbs/output.h"
#include "tools/verbs/refusal.h"
#include "tools/verbs/this_kernel.h"
#include "tools/verbs/verbs.h"
#include "tools/verbs/verification.h"
#include "tools/verbs/workload_options.h"

namespace tools::verbs {
namespace {

struct VerifyOptions {
  std::vector<std::string> files;
  bool lines = false;
  bool alone = false;  ///< one file, with lessons told apart
  MachineOptions machine;
  WorkloadOptions workload;
  Output output;
};

/// A single script is shown line by line unless it is longer than this.
constexpr std::size_t kLinesShown = 200;

std::string text_of(const VerifyOptions& options, const Verification& v) {
  std::string text;
  const bool alone = options.alone && v.program.ops.size() <= kLinesShown;
  if (options.lines || alone) text += side_by_side(v) + '\n';
  text += fmt::format("{}: {}\n", v.program.path, v.verdict());
  if (alone || v.fault_time.is_known())
    text += fmt::format("fault time: {}\n", report::fault_time_text(v.fault_time));
  return text;
}

std::string render(const VerifyOptions& options, const Verification& v) {
  if (options.output.format == "json") return to_json(v).dump() + '\n';
  if (options.output.format == "trace") return fault_logs(v);
  if (options.output.format == "chrome") return chrome_trace(v).dump() + '\n';
  return text_of(options, v);
}

/// What this machine did not allow, each sentence once, to standard error.
void print_missing(const std::set<std::string>& missing) {
  for (const std::string& sentence : missing) fmt::print(stderr, "{}\n", sentence);
}

/// The exit status of all files: a difference outweighs a machine that could not say. Lessons show
/// more kinds of machine than anybody has: that this kernel cannot show one of them counts only
/// where it could show nothing at all.
class Status {
 public:
  void add(const Verification& v, bool is_lesson) {
    differs_ = differs_ || !v.broken_simulated.empty() || (v.kernel && !v.equal());
    any_ran_ = any_ran_ || v.kernel;
    refused_ = refused_ || (!v.kernel && !is_lesson);
  }
  [[nodiscard]] int value() const noexcept {
    if (differs_) return kDifferent;
    return refused_ || !any_ran_ ? kUnable : kEqual;
  }

 private:
  bool differs_ = false, any_ran_ = false, refused_ = false;
};

run::KernelOptions kernel_options(const VerifyOptions& options, const run::SimSetup& setup) {
  run::KernelOptions kernel;
  kernel.allocator = options.machine.allocator;
  kernel.environment = setup.layout.environment;
  return kernel;
}

/// Only a run that agrees is timed: another one's faults are not those predicted.
run::FaultTime fault_time_of(const VerifyOptions& options, const run::SimSetup& setup,
                             const run::RunOptions& run_options, const Verification& v) {
  const measure::SavedCosts costs = costs_for(setup);
  std::vector<run::RunOutcome> timed;
  if (costs.costs && v.kernel && v.comparison.equal())
    timed = run::timed_runs(v.program, run_options, kernel_options(options, setup));
  return fault_time(costs, v.program, v.simulated, timed);
}

Verification verify_one(const VerifyOptions& options, Workload work) {
  // Another machine than this one keeps the settings it was measured with.
  const bool is_here = work.machine.machine == MachineOptions{}.machine;
  const auto own = run::own_allocator(options.machine.allocator);
  const run::SimSetup setup = work.machine.setup(
      is_here ? run::profile_for(work.program, own.value_or(run::OwnAllocator::Ptmalloc))
              : pagesim::Profile{});
  run::KernelRunner kernel{kernel_options(options, setup)};
  Verification v =
      verify(std::move(work.program), setup, kernel, work.options, why_not_here(setup));
  v.allocator = options.machine.allocator;
  v.fault_time = fault_time_of(options, setup, work.options, v);
  return v;
}

int verify_all(VerifyOptions options) {
  options.files = with_lessons(options.files);
  options.alone = options.files.size() == 1;
  // Every file is read before any is run: a wrong one loses nothing.
  if (options.output.format == "chrome" && !options.alone)
    throw Refusal{kWrongInput, "--format chrome: one file makes one trace; name a single one."};
  std::vector<Workload> workloads;
  for (const std::string& file : options.files) {
    workloads.push_back(options.workload.load(file, options.machine));
    static_cast<void>(workloads.back().machine.setup());
  }
  Status status;
  std::string text;
  std::set<std::string> missing;
  for (Workload& work : workloads) {
    const bool is_lesson = work.is_lesson;
    const Verification v = verify_one(options, std::move(work));
    text += render(options, v);
    status.add(v, is_lesson);
    if (v.kernel) missing.insert(v.kernel->missing.begin(), v.kernel->missing.end());
  }
  print_missing(missing);
  options.output.write(text);
  return status.value();
}

}  // namespace

void add_verify(CLI::App& app, int& status) {
  CLI::App* verb = app.add_subcommand(
      "verify", "Run scripts or traces simulated and for real, and compare fault by fault.");
  auto options = std::make_shared<VerifyOptions>();
  verb->add_option("files", options->files, "Scripts, traces, lesson/NAME or 'lesson/*'")
      ->required()
      ->type_name("FILE...");
  verb->add_flag("--lines", options->lines, "Show every operation of every file");
  options->machine.add_to(*verb);
  options->machine.add_allocator_to(
      *verb,
      "On both: ptmalloc or faultline; on the kernel, beside simulated ptmalloc: glibc, or a "
      "library's name or path");
  options->workload.add_to(*verb);
  options->output.add_to(*verb, "table|json|trace|chrome");
  verb->callback([options, &status] { status = verify_all(*options); });
  verb->footer("Exit status: 0 equal, 1 different, 2 unreadable input, 3 not possible here.");
}

}  // namespace tools::verbs
