// Machines by name.
#include "tools/verbs/machine_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <string_view>

#include "pagesim/machines.h"
#include "tools/measure/rights.h"
#include "tools/verbs/knobs.h"
#include "tools/verbs/refusal.h"

namespace tools::verbs {
namespace {

pagesim::MachineModel model_of(const std::string& name) {
  if (const auto model = pagesim::machine_model(name)) return *model;
  throw Refusal{kWrongInput, fmt::format("--machine {}: no such machine; there are {}.", name,
                                         fmt::join(pagesim::machine_names(), ", "))};
}

/// A knob that nothing reads would be a lie.
void refuse_knobs_of_faultline(const run::SimSetup& setup) {
  for (const std::string& variable : setup.layout.environment) {
    if (!variable.starts_with("FAULTLINE_")) continue;
    throw Refusal{kWrongInput,
                  fmt::format("{}: a knob of faultline's allocator, and ptmalloc has none of them; "
                              "replay, verify and what-if take --allocator faultline.",
                              variable)};
  }
}

}  // namespace

std::string default_machine() { return std::string{pagesim::running_machine().value_or("x86-64")}; }

void MachineOptions::add_to(CLI::App& verb) {
  verb.add_option(
          "--machine", machine,
          fmt::format("The simulated machine: {}", fmt::join(pagesim::machine_names(), ", ")))
      ->type_name("NAME")
      ->capture_default_str();
  verb.add_option("--kernel", kernel,
                  "The kernel whose rules it follows, as in linux-6.1; default: the running one's")
      ->type_name("NAME");
  verb.add_option(
          "--set", settings,
          "A knob of the simulated machine, its kernel or its allocator; may be given again")
      ->type_name("KNOB=VALUE")
      ->allow_extra_args(false);
  verb.add_option("--seed", seed, "Of everything random on the simulated machine")
      ->capture_default_str();
}

void MachineOptions::add_allocator_to(CLI::App& verb, const std::string& description) {
  verb.add_option("--allocator", allocator, description)->type_name("NAME")->capture_default_str();
}

void MachineOptions::check_simulated() const {
  if (run::own_allocator(allocator)) return;
  throw Refusal{kWrongInput,
                fmt::format("--allocator {}: the simulated machine runs ptmalloc and faultline; "
                            "replay --on kernel runs others.",
                            allocator)};
}

void MachineOptions::take(const explain::ScriptHeader& header) {
  if (!header.machine.empty() && machine == MachineOptions{}.machine) machine = header.machine;
  settings.insert(settings.begin(), header.settings.begin(), header.settings.end());
}

unsigned MachineOptions::page_shift() const { return model_of(machine).config.geometry.page_shift; }

pagesim::kernel::KernelVersion MachineOptions::version() const {
  if (kernel.empty()) return measure::running_kernel();
  const auto named = pagesim::kernel::parse_version(kernel);
  if (named && kernel.starts_with("linux-")) return *named;
  throw Refusal{
      kWrongInput,
      fmt::format("--kernel {}: expected linux-VERSION from linux-2.4 on, as in linux-6.1 or "
                  "linux-2.6.24 (faultline doctor --profiles lists what changed when).",
                  kernel)};
}

run::SimSetup MachineOptions::setup(const pagesim::Profile& profile) const {
  const pagesim::MachineModel model = model_of(machine);
  run::SimSetup setup;
  setup.machine = machine;
  setup.config = model.config;
  setup.layout = model.layout;
  setup.config.seed = seed;
  setup.config.walker.protection_keys = pagesim::running_protection_keys();
  setup.profile = pagesim::kernel::profile_of(version(), profile);
  setup.allocator = run::own_allocator(allocator).value_or(run::OwnAllocator::Ptmalloc);
  for (const std::string& setting : settings) turn(setup, setting);
  if (run::own_allocator(allocator) == run::OwnAllocator::Ptmalloc)
    refuse_knobs_of_faultline(setup);
  std::vector<std::string> environment = std::move(setup.layout.environment);
  setup.layout = pagesim::layout_of(setup.config.geometry, setup.layout.stack_limit,
                                    setup.profile.stack_guard_gap);
  setup.layout.environment = std::move(environment);
  return setup;
}

}  // namespace tools::verbs
