// Machines and knobs by name.
#include "tools/verbs/machine_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <string_view>

#include "tools/verbs/refusal.h"

namespace tools::verbs {
namespace {

/// A knob takes a number, or one of the words its numbers stand for.
struct Knob {
  std::string_view name;
  std::uint64_t least;
  std::uint64_t most;
  void (*set)(run::SimSetup&, std::uint64_t);
  std::string_view meaning;
  std::span<const std::string_view> words{};
};

constexpr std::array<std::string_view, 3> kSwapDevices = {"none", "disk", "zram"};

/// The settings of pagesim/hardware/machine.h, pagesim/kernel/profile.h and pagesim/layout.h that a
/// user may turn.
constexpr std::array kKnobs = {
    Knob{"tlb_sets", 1, 4096,
         [](run::SimSetup& s, std::uint64_t v) { s.config.tlb.sets = static_cast<unsigned>(v); },
         "sets of the translation cache, a power of two"},
    Knob{"tlb_ways", 1, 64,
         [](run::SimSetup& s, std::uint64_t v) { s.config.tlb.ways = static_cast<unsigned>(v); },
         "ways of the translation cache"},
    Knob{"memory_mib", 1, std::uint64_t{1} << 30,
         [](run::SimSetup& s, std::uint64_t v) { s.config.memory_bytes = v << 20; },
         "physical memory, MiB"},
    Knob{"online_cpus", 1, 8192,
         [](run::SimSetup& s, std::uint64_t v) { s.config.online_cpus = static_cast<unsigned>(v); },
         "processors the program is told of"},
    Knob{"stack_guard_gap", 0, 1u << 20,
         [](run::SimSetup& s, std::uint64_t v) { s.profile.stack_guard_gap = v; },
         "pages kept free below a stack"},
    Knob{"max_map_count", 1, 1u << 30,
         [](run::SimSetup& s, std::uint64_t v) { s.profile.max_map_count = v; },
         "areas an address space may have"},
    Knob{"stack_limit_kib", 4, std::uint64_t{1} << 32,
         [](run::SimSetup& s, std::uint64_t v) { s.layout.stack_limit = v << 10; },
         "RLIMIT_STACK, KiB"},
    Knob{"swap", 0, kSwapDevices.size() - 1,
         [](run::SimSetup& s, std::uint64_t v) {
           s.profile.swap = static_cast<pagesim::kernel::SwapDevice>(v);
         },
         "where pages go that leave memory", kSwapDevices},
};

const Knob& find_knob(std::string_view name) {
  std::string known;
  for (const Knob& knob : kKnobs) {
    if (knob.name == name) return knob;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", knob.name);
  }
  throw Refusal{kWrongInput, fmt::format("--set {}: no such knob; there are {}.", name, known)};
}

std::uint64_t word_value(const Knob& knob, std::string_view text) {
  const auto found = std::find(knob.words.begin(), knob.words.end(), text);
  if (found != knob.words.end()) return static_cast<std::uint64_t>(found - knob.words.begin());
  throw Refusal{kWrongInput, fmt::format("--set {}={}: expected {} ({}).", knob.name, text,
                                         fmt::join(knob.words, ", "), knob.meaning)};
}

std::uint64_t value_of(const Knob& knob, std::string_view text) {
  if (!knob.words.empty()) return word_value(knob, text);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < knob.least ||
      value > knob.most) {
    throw Refusal{kWrongInput, fmt::format("--set {}={}: expected a number from {} to {} ({}).",
                                           knob.name, text, knob.least, knob.most, knob.meaning)};
  }
  return value;
}

void turn(run::SimSetup& setup, std::string_view setting) {
  const auto equals = setting.find('=');
  if (equals == std::string_view::npos) {
    throw Refusal{kWrongInput,
                  fmt::format("--set {}: expected KNOB=VALUE, as in tlb_ways=8.", setting)};
  }
  const Knob& knob = find_knob(setting.substr(0, equals));
  knob.set(setup, value_of(knob, setting.substr(equals + 1)));
  if (const unsigned sets = setup.config.tlb.sets; (sets & (sets - 1)) != 0) {
    throw Refusal{kWrongInput, fmt::format("--set {}: expected a power of two.", setting)};
  }
}

}  // namespace

void MachineOptions::add_to(CLI::App& verb) {
  verb.add_option("--machine", machine, "The simulated machine: x86-64")
      ->type_name("NAME")
      ->capture_default_str();
  verb.add_option("--set", settings, "A knob of the simulated machine; may be given again")
      ->type_name("KNOB=VALUE")
      ->allow_extra_args(false);
  verb.add_option("--seed", seed, "Of everything random on the simulated machine")
      ->capture_default_str();
}

void MachineOptions::take(const explain::ScriptHeader& header) {
  if (!header.machine.empty() && machine == MachineOptions{}.machine) machine = header.machine;
  settings.insert(settings.begin(), header.settings.begin(), header.settings.end());
}

run::SimSetup MachineOptions::setup() const {
  if (machine != "x86-64") {
    throw Refusal{kWrongInput,
                  fmt::format("--machine {}: not simulated yet; there is x86-64.", machine)};
  }
  run::SimSetup setup;
  setup.config.seed = seed;
  for (const std::string& setting : settings) turn(setup, setting);
  return setup;
}

}  // namespace tools::verbs
