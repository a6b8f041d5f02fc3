// The simulated kernel's settings by the names scripts give them.
#include "tools/run/sim/settings.h"

#include <algorithm>
#include <array>

namespace tools::run::sim {
namespace {

using pagesim::kernel::Profile;
using pagesim::kernel::ThpMode;

/// never, madvise, always, inherit: numbered alike in the language and in the kernel.
constexpr ThpMode mode(std::uint64_t value) { return static_cast<ThpMode>(value); }

struct Setting {
  std::string_view name;
  void (*apply)(Profile&, std::uint64_t);
};

constexpr std::array kSettings{
    Setting{"fault_around_bytes", [](Profile& p, std::uint64_t v) { p.fault_around_bytes = v; }},
    Setting{"read_ahead_kb", [](Profile& p, std::uint64_t v) { p.read_ahead_kb = v; }},
    Setting{"page_cluster",
            [](Profile& p, std::uint64_t v) { p.page_cluster = static_cast<unsigned>(v); }},
    Setting{"nr_hugepages", [](Profile& p, std::uint64_t v) { p.nr_hugepages = v; }},
    Setting{"use_zero_page", [](Profile& p, std::uint64_t v) { p.use_huge_zero_page = v != 0; }},
    Setting{"thp_enabled", [](Profile& p, std::uint64_t v) { p.thp_enabled = mode(v); }},
    Setting{"thp_2m", [](Profile& p, std::uint64_t v) { p.huge_enabled = mode(v); }},
    Setting{"thp_16k", [](Profile& p, std::uint64_t v) { p.mthp_enabled[2] = mode(v); }},
    Setting{"thp_32k", [](Profile& p, std::uint64_t v) { p.mthp_enabled[3] = mode(v); }},
    Setting{"thp_64k", [](Profile& p, std::uint64_t v) { p.mthp_enabled[4] = mode(v); }},
    Setting{"thp_128k", [](Profile& p, std::uint64_t v) { p.mthp_enabled[5] = mode(v); }},
    Setting{"thp_256k", [](Profile& p, std::uint64_t v) { p.mthp_enabled[6] = mode(v); }},
    Setting{"thp_512k", [](Profile& p, std::uint64_t v) { p.mthp_enabled[7] = mode(v); }},
    Setting{"thp_1m", [](Profile& p, std::uint64_t v) { p.mthp_enabled[8] = mode(v); }},
    Setting{"overcommit_memory",
            [](Profile& p, std::uint64_t v) { p.overcommit_memory = static_cast<int>(v); }},
};

const Setting* find(std::string_view name) {
  const auto* const found = std::find_if(kSettings.begin(), kSettings.end(),
                                         [name](const Setting& s) { return s.name == name; });
  return found == kSettings.end() ? nullptr : found;
}

}  // namespace

bool has_setting(std::string_view name) noexcept { return find(name) != nullptr; }

void apply_setting(std::string_view name, std::uint64_t value, Profile& profile) {
  if (const Setting* const setting = find(name)) setting->apply(profile, value);
}

}  // namespace tools::run::sim
