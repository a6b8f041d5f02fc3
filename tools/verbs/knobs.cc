// Every knob of the simulated machine, its kernel and its allocator, by name.
#include "tools/verbs/knobs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cctype>
#include <charconv>
#include <limits>
#include <span>

#include "pagesim/kernel/version.h"
#include "pagesim/machines.h"
#include "tools/run/sim/settings.h"
#include "tools/script/words.h"
#include "tools/verbs/malloc_knobs.h"
#include "tools/verbs/refusal.h"

namespace tools::verbs {
namespace {

/// A knob takes a number, or one of the words its numbers stand for.
struct Knob {
  std::string_view name;
  std::uint64_t least;
  std::uint64_t most;
  /// Null: it is the kernel's setting of that name, as a script's `sysctl` has it.
  void (*set)(run::SimSetup&, std::uint64_t);
  std::string_view meaning;
  std::span<const std::string_view> words{};
  bool power_of_two = false;
};

constexpr std::array<std::string_view, 4> kSwapDevices = {"none", "disk", "zram", "ssd"};
constexpr std::array<std::string_view, 2> kSwitch = {"off", "on"};
constexpr std::array<std::string_view, 3> kThpModes = {"never", "madvise", "always"};
constexpr std::array<std::string_view, 4> kFolioModes = {"never", "madvise", "always", "inherit"};

constexpr std::string_view kAddressBits = "address_bits";
constexpr std::string_view kHardwareAf = "hardware_access_flag";
constexpr std::string_view kHardwareDirty = "hardware_dirty";
constexpr std::string_view kPkeys = "pkeys";
constexpr std::string_view kMemory = "memory_mib";

/// A setting of the kernel that takes a number, or one of `words`.
constexpr Knob sysctl(std::string_view name, std::uint64_t least, std::uint64_t most,
                      std::string_view meaning, bool power_of_two = false) {
  return {name, least, most, nullptr, meaning, {}, power_of_two};
}
constexpr Knob sysctl(std::string_view name, std::span<const std::string_view> words,
                      std::string_view meaning) {
  return {name, 0, words.size() - 1, nullptr, meaning, words};
}
constexpr Knob folio_knob(std::string_view name) {
  return sysctl(name, kFolioModes, "who gets transparent huge pages of this size");
}

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
    sysctl("memory_limit", 65536, std::uint64_t{1} << 50,
           "bytes all processes may have in memory, as memory.max of their cgroup"),
    Knob{"swap", 0, kSwapDevices.size() - 1,
         [](run::SimSetup& s,
            std::uint64_t v) { s.profile.swap = static_cast<pagesim::kernel::SwapDevice>(v); },
         "where pages go that leave memory", kSwapDevices},
    sysctl("thp_enabled", kThpModes, "who gets transparent huge pages"),
    folio_knob("thp_16k"),
    folio_knob("thp_32k"),
    folio_knob("thp_64k"),
    folio_knob("thp_128k"),
    folio_knob("thp_256k"),
    folio_knob("thp_512k"),
    folio_knob("thp_1m"),
    folio_knob("thp_2m"),
    sysctl("use_zero_page", 0, 1, "whether reads of a huge block map the huge zero page"),
    sysctl("fault_around_bytes", 4096, std::uint64_t{1} << 30,
           "bytes of a file mapped around a fault", true),
    sysctl("read_ahead_kb", 0, 1u << 20, "KiB of a file read ahead"),
    sysctl("page_cluster", 0, 31, "pages read around one from swap, as a power of two"),
    sysctl("nr_hugepages", 0, 1u << 20, "huge pages kept for MAP_HUGETLB"),
    sysctl("overcommit_memory", 0, 2, "how much may be promised: 0 heuristic, 1 all, 2 never more"),
};

/// A rule of a kernel version, on or off whatever the version. False: no rule of that name.
bool turn_rule(run::SimSetup& setup, std::string_view name, std::string_view value) {
  const auto rules = pagesim::kernel::rules();
  const auto rule =
      std::find_if(rules.begin(), rules.end(), [&](const auto& r) { return r.name == name; });
  if (rule == rules.end()) return false;
  if (value != "0" && value != "1") {
    throw Refusal{kWrongInput,
                  fmt::format("{}={}: expected 0 or 1 ({}).", name, value, rule->meaning)};
  }
  setup.profile.*rule->in_force = value == "1";
  return true;
}

const Knob* find_knob(std::string_view name) {
  const auto* const found = std::find_if(kKnobs.begin(), kKnobs.end(),
                                         [name](const Knob& knob) { return knob.name == name; });
  return found == kKnobs.end() ? nullptr : found;
}

std::uint64_t word_value(const Knob& knob, std::string_view text) {
  const auto found = std::find(knob.words.begin(), knob.words.end(), text);
  if (found != knob.words.end()) return static_cast<std::uint64_t>(found - knob.words.begin());
  throw Refusal{kWrongInput, fmt::format("{}={}: expected {} ({}).", knob.name, text,
                                         fmt::join(knob.words, ", "), knob.meaning)};
}

std::uint64_t value_of(const Knob& knob, std::string_view text) {
  if (!knob.words.empty()) return word_value(knob, text);
  const std::uint64_t value = number_of(knob.name, text, knob.least, knob.most, knob.meaning);
  if (knob.power_of_two && !std::has_single_bit(value)) {
    throw Refusal{kWrongInput, fmt::format("{}={}: expected a power of two ({}).", knob.name, text,
                                           knob.meaning)};
  }
  return value;
}

/// A kernel built for this machine has all settings but sizes of pages that do not exist there.
void turn_sysctl(run::SimSetup& setup, const Knob& knob, std::uint64_t value) {
  const auto& geometry = setup.config.geometry;
  if (!run::sim::has_setting(knob.name, geometry)) {
    throw Refusal{kWrongInput,
                  fmt::format("{}: {} has no pages of that size.", knob.name, setup.machine)};
  }
  run::sim::apply_setting(knob.name, value, geometry, setup.profile);
}

/// What a value means depends on the machine: throws Refusal where it means nothing.
void check_for_machine(const run::SimSetup& setup, const Knob& knob, std::uint64_t value) {
  const pagesim::hardware::Geometry& geometry = setup.config.geometry;
  const bool arm64 = geometry.arch == pagesim::hardware::Arch::Arm64;
  const bool arm64_only =
      knob.name == kAddressBits || knob.name == kHardwareAf || knob.name == kHardwareDirty;
  if (arm64_only && !arm64) {
    throw Refusal{kWrongInput, fmt::format("{}: {} has no such knob, the arm64 machines have.",
                                           knob.name, setup.machine)};
  }
  if (knob.name == kPkeys && (arm64 || geometry.is_32_bit())) {
    throw Refusal{kWrongInput, fmt::format("{}: {} has no such knob, the x86-64 machines have.",
                                           knob.name, setup.machine)};
  }
  if (knob.name == kAddressBits) {
    const auto sizes = pagesim::arm64_address_bits(geometry.page_shift);
    if (std::find(sizes.begin(), sizes.end(), value) == sizes.end()) {
      throw Refusal{kWrongInput, fmt::format("{}={}: expected {} on {} ({}).", knob.name, value,
                                             fmt::join(sizes, ", "), setup.machine, knob.meaning)};
    }
  }
  const std::uint64_t most = pagesim::most_memory(geometry) >> 20;
  if (knob.name == kMemory && value > most) {
    throw Refusal{kWrongInput, fmt::format("{}={}: {} has at most {} ({}).", knob.name, value,
                                           setup.machine, most, knob.meaning)};
  }
}

std::string lower(std::string_view text) {
  std::string small{text};
  std::transform(small.begin(), small.end(), small.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return small;
}

/// The few of `known` that are most like `name`.
std::vector<std::string_view> nearest(std::string_view name, std::vector<std::string_view> known) {
  const std::string wanted = lower(name);
  // A name that has the other in it is nearer than any that was mistyped.
  const auto distance = [&](std::string_view each) {
    const std::string other = lower(each);
    const bool within = !wanted.empty() && (other.find(wanted) != std::string::npos ||
                                            wanted.find(other) != std::string::npos);
    return within ? 0 : script::edit_distance(wanted, other);
  };
  std::stable_sort(known.begin(), known.end(), [&](std::string_view a, std::string_view b) {
    return distance(a) < distance(b);
  });
  constexpr std::size_t kShown = 4;
  known.resize(std::min(kShown, known.size()));
  return known;
}

}  // namespace

std::string no_such_knob(std::string_view name, std::vector<std::string_view> known) {
  constexpr std::size_t kLongest = 64;  // no name is longer
  return fmt::format("{}: no such knob; the nearest are {} (faultline what-if --knobs lists all).",
                     name, fmt::join(nearest(name.substr(0, kLongest), std::move(known)), ", "));
}

std::uint64_t number_of(std::string_view knob, std::string_view text, std::uint64_t least,
                        std::uint64_t most, std::string_view meaning) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const auto factor =
      script::suffix_factor(text.substr(static_cast<std::size_t>(end - text.data())));
  if (error != std::errc{} || !factor ||
      value > std::numeric_limits<std::uint64_t>::max() / *factor || value * *factor < least ||
      value * *factor > most) {
    const std::string bound = most == std::numeric_limits<std::uint64_t>::max()
                                  ? fmt::format("a number from {} on", least)
                                  : fmt::format("a number from {} to {}", least, most);
    throw Refusal{kWrongInput, fmt::format("{}={}: expected {}, K, M, G or T may follow ({}).",
                                           knob, text, bound, meaning)};
  }
  return value * *factor;
}

std::vector<KnobInfo> knobs() {
  std::vector<KnobInfo> all;
  all.reserve(std::size(kKnobs));
  for (const Knob& knob : kKnobs) {
    all.push_back({knob.name,
                   knob.words.empty() ? fmt::format("{}..{}", knob.least, knob.most)
                                      : fmt::format("{}", fmt::join(knob.words, "|")),
                   knob.meaning});
  }
  for (const auto& rule : pagesim::kernel::rules()) all.push_back({rule.name, "0|1", rule.meaning});
  for (const KnobInfo& knob : malloc_knobs()) all.push_back(knob);
  return all;
}

void turn(run::SimSetup& setup, std::string_view setting) {
  const auto equals = setting.find('=');
  if (equals == std::string_view::npos) {
    throw Refusal{kWrongInput, fmt::format("{}: expected KNOB=VALUE, as in tlb_ways=8.", setting)};
  }
  const std::string_view name = setting.substr(0, equals);
  const std::string_view text = setting.substr(equals + 1);
  if (turn_rule(setup, name, text) || turn_malloc(setup, name, text)) return;
  const Knob* const knob = find_knob(name);
  if (knob == nullptr) {
    std::vector<std::string_view> names;
    for (const KnobInfo& each : knobs()) names.push_back(each.name);
    throw Refusal{kWrongInput, no_such_knob(name, std::move(names))};
  }
  const std::uint64_t value = value_of(*knob, text);
  check_for_machine(setup, *knob, value);
  knob->set != nullptr ? knob->set(setup, value) : turn_sysctl(setup, *knob, value);
}

}  // namespace tools::verbs
