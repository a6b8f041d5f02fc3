// Machines and knobs by name.
#include "tools/verbs/machine_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <span>
#include <string_view>

#include "pagesim/machines.h"
#include "tools/measure/rights.h"
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
  bool power_of_two = false;
};

constexpr std::array<std::string_view, 4> kSwapDevices = {"none", "disk", "zram", "ssd"};
constexpr std::array<std::string_view, 2> kSwitch = {"off", "on"};

constexpr std::string_view kAddressBits = "address_bits";
constexpr std::string_view kHardwareAf = "hardware_access_flag";
constexpr std::string_view kHardwareDirty = "hardware_dirty";
constexpr std::string_view kPkeys = "pkeys";
constexpr std::string_view kMemory = "memory_mib";

using pagesim::hardware::TlbGeometry;

template <TlbGeometry::Level TlbGeometry::*Level, std::size_t Size>
constexpr Knob sets_knob(std::string_view name, std::string_view meaning) {
  const auto set = [](run::SimSetup& s, std::uint64_t v) {
    (s.config.tlb.*Level)[Size].sets = static_cast<unsigned>(v);
  };
  return {name, 1, 4096, set, meaning, {}, true};
}

template <TlbGeometry::Level TlbGeometry::*Level, std::size_t Size>
constexpr Knob ways_knob(std::string_view name, std::uint64_t least, std::string_view meaning) {
  const auto set = [](run::SimSetup& s, std::uint64_t v) {
    (s.config.tlb.*Level)[Size].ways = static_cast<unsigned>(v);
  };
  return {name, least, 64, set, meaning};
}

/// The settings of pagesim/hardware/machine.h, pagesim/kernel/profile.h and pagesim/layout.h that a
/// user may turn.
constexpr std::array kKnobs = {
    sets_knob<&TlbGeometry::data, 0>("tlb_sets",
                                     "sets of the first level for data, a power of two"),
    ways_knob<&TlbGeometry::data, 0>("tlb_ways", 1, "ways of the first level for data"),
    sets_knob<&TlbGeometry::data, 1>("tlb_2m_sets",
                                     "sets of its array for 2 MiB pages, a power of two"),
    ways_knob<&TlbGeometry::data, 1>("tlb_2m_ways", 0, "ways of its array for 2 MiB pages"),
    sets_knob<&TlbGeometry::data, 2>("tlb_1g_sets",
                                     "sets of its array for 1 GiB pages, a power of two"),
    ways_knob<&TlbGeometry::data, 2>("tlb_1g_ways", 0, "ways of its array for 1 GiB pages"),
    sets_knob<&TlbGeometry::instructions, 0>(
        "itlb_sets", "sets of the first level for instructions, a power of two"),
    ways_knob<&TlbGeometry::instructions, 0>("itlb_ways", 1,
                                             "ways of the first level for instructions"),
    sets_knob<&TlbGeometry::instructions, 1>("itlb_2m_sets",
                                             "sets of its array for 2 MiB pages, a power of two"),
    ways_knob<&TlbGeometry::instructions, 1>("itlb_2m_ways", 0,
                                             "ways of its array for 2 MiB pages"),
    sets_knob<&TlbGeometry::instructions, 2>("itlb_1g_sets",
                                             "sets of its array for 1 GiB pages, a power of two"),
    ways_knob<&TlbGeometry::instructions, 2>("itlb_1g_ways", 0,
                                             "ways of its array for 1 GiB pages"),
    sets_knob<&TlbGeometry::second, 0>("stlb_sets", "sets of the second level, a power of two"),
    ways_knob<&TlbGeometry::second, 0>("stlb_ways", 0, "ways of the second level"),
    sets_knob<&TlbGeometry::second, 1>("stlb_2m_sets",
                                       "sets of its array for 2 MiB pages, a power of two"),
    ways_knob<&TlbGeometry::second, 1>("stlb_2m_ways", 0, "ways of its array for 2 MiB pages"),
    sets_knob<&TlbGeometry::second, 2>("stlb_1g_sets",
                                       "sets of its array for 1 GiB pages, a power of two"),
    ways_knob<&TlbGeometry::second, 2>("stlb_1g_ways", 0, "ways of its array for 1 GiB pages"),
    Knob{"tlb_asids", 1, TlbGeometry::kMostAsids,
         [](run::SimSetup& s, std::uint64_t v) { s.config.tlb.asids = static_cast<unsigned>(v); },
         "address spaces whose translations are cached at a time"},
    Knob{"tlb_flush_ceiling", 0, std::uint64_t{1} << 40,
         [](run::SimSetup& s, std::uint64_t v) { s.profile.tlb_single_page_flush_ceiling = v; },
         "pages of one change that are flushed one by one"},
    Knob{kAddressBits, 36, 52,
         [](run::SimSetup& s, std::uint64_t v) {
           s.config.geometry =
               pagesim::arm64_geometry(s.config.geometry.page_shift, static_cast<unsigned>(v));
         },
         "bits of a program's addresses on arm64"},
    Knob{kHardwareAf, 0, kSwitch.size() - 1,
         [](run::SimSetup& s, std::uint64_t v) { s.config.walker.sets_accessed = v != 0; },
         "whether an arm64 processor sets the access flag by itself", kSwitch},
    Knob{kHardwareDirty, 0, kSwitch.size() - 1,
         [](run::SimSetup& s, std::uint64_t v) { s.config.walker.sets_dirty = v != 0; },
         "whether an arm64 processor notes stores by itself", kSwitch},
    Knob{kPkeys, 0, kSwitch.size() - 1,
         [](run::SimSetup& s, std::uint64_t v) { s.config.walker.protection_keys = v != 0; },
         "whether an x86-64 processor has protection keys", kSwitch},
    Knob{kMemory, 1, std::uint64_t{1} << 30,
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
         [](run::SimSetup& s,
            std::uint64_t v) { s.profile.swap = static_cast<pagesim::kernel::SwapDevice>(v); },
         "where pages go that leave memory", kSwapDevices},
};

/// A rule of a kernel version, on or off whatever the version. False: no rule of that name.
bool turn_rule(run::SimSetup& setup, std::string_view name, std::string_view value) {
  const auto rules = pagesim::kernel::rules();
  const auto rule =
      std::find_if(rules.begin(), rules.end(), [&](const auto& r) { return r.name == name; });
  if (rule == rules.end()) return false;
  if (value != "0" && value != "1") {
    throw Refusal{kWrongInput,
                  fmt::format("--set {}={}: expected 0 or 1 ({}).", name, value, rule->meaning)};
  }
  setup.profile.*rule->in_force = value == "1";
  return true;
}

const Knob& find_knob(std::string_view name) {
  std::string known;
  for (const Knob& knob : kKnobs) {
    if (knob.name == name) return knob;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", knob.name);
  }
  for (const auto& rule : pagesim::kernel::rules()) known += fmt::format(", {}", rule.name);
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

/// What a value means depends on the machine: throws Refusal where it means nothing.
void check_for_machine(const run::SimSetup& setup, const Knob& knob, std::uint64_t value) {
  const pagesim::hardware::Geometry& geometry = setup.config.geometry;
  const bool arm64 = geometry.arch == pagesim::hardware::Arch::Arm64;
  const bool arm64_only =
      knob.name == kAddressBits || knob.name == kHardwareAf || knob.name == kHardwareDirty;
  if (arm64_only && !arm64) {
    throw Refusal{kWrongInput,
                  fmt::format("--set {}: {} has no such knob, the arm64 machines have.", knob.name,
                              setup.machine)};
  }
  if (knob.name == kPkeys && (arm64 || geometry.is_32_bit())) {
    throw Refusal{kWrongInput,
                  fmt::format("--set {}: {} has no such knob, the x86-64 machines have.", knob.name,
                              setup.machine)};
  }
  if (knob.name == kAddressBits) {
    const auto sizes = pagesim::arm64_address_bits(geometry.page_shift);
    if (std::find(sizes.begin(), sizes.end(), value) == sizes.end()) {
      throw Refusal{kWrongInput,
                    fmt::format("--set {}={}: expected {} on {} ({}).", knob.name, value,
                                fmt::join(sizes, ", "), setup.machine, knob.meaning)};
    }
  }
  const std::uint64_t most = pagesim::most_memory(geometry) >> 20;
  if (knob.name == kMemory && value > most) {
    throw Refusal{kWrongInput, fmt::format("--set {}={}: {} has at most {} ({}).", knob.name, value,
                                           setup.machine, most, knob.meaning)};
  }
}

void turn(run::SimSetup& setup, std::string_view setting) {
  const auto equals = setting.find('=');
  if (equals == std::string_view::npos) {
    throw Refusal{kWrongInput,
                  fmt::format("--set {}: expected KNOB=VALUE, as in tlb_ways=8.", setting)};
  }
  if (turn_rule(setup, setting.substr(0, equals), setting.substr(equals + 1))) return;
  const Knob& knob = find_knob(setting.substr(0, equals));
  const std::uint64_t value = value_of(knob, setting.substr(equals + 1));
  check_for_machine(setup, knob, value);
  if (knob.power_of_two && !std::has_single_bit(value)) {
    throw Refusal{kWrongInput, fmt::format("--set {}: expected a power of two.", setting)};
  }
  knob.set(setup, value);
}

pagesim::MachineModel model_of(const std::string& name) {
  if (const auto model = pagesim::machine_model(name)) return *model;
  throw Refusal{kWrongInput, fmt::format("--machine {}: no such machine; there are {}.", name,
                                         fmt::join(pagesim::machine_names(), ", "))};
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
  for (const std::string& setting : settings) turn(setup, setting);
  setup.layout = pagesim::layout_of(setup.config.geometry, setup.layout.stack_limit,
                                    setup.profile.stack_guard_gap);
  return setup;
}

}  // namespace tools::verbs
