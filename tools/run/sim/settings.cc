// The simulated kernel's settings by the names scripts give them.
#include "tools/run/sim/settings.h"

#include <algorithm>
#include <array>

namespace tools::run::sim {
namespace {

using pagesim::hardware::Geometry;
using pagesim::kernel::Profile;
using pagesim::kernel::ThpMode;

/// never, madvise, always, inherit: numbered alike in the language and in the kernel.
constexpr ThpMode mode(std::uint64_t value) { return static_cast<ThpMode>(value); }

struct Setting {
  std::string_view name;
  void (*apply)(Profile&, std::uint64_t);
};

/// A size of transparent huge pages; what order that is depends on the machine's pages.
struct FolioSize {
  std::string_view name;
  unsigned shift;
};
constexpr std::array kFolioSizes{
    FolioSize{"thp_16k", 14},  FolioSize{"thp_32k", 15},  FolioSize{"thp_64k", 16},
    FolioSize{"thp_128k", 17}, FolioSize{"thp_256k", 18}, FolioSize{"thp_512k", 19},
    FolioSize{"thp_1m", 20},   FolioSize{"thp_2m", 21},
};

constexpr std::array kSettings{
    Setting{"fault_around_bytes", [](Profile& p, std::uint64_t v) { p.fault_around_bytes = v; }},
    Setting{kMemoryLimit, [](Profile& p, std::uint64_t v) { p.memory_limit = v; }},
    Setting{"read_ahead_kb", [](Profile& p, std::uint64_t v) { p.read_ahead_kb = v; }},
    Setting{"page_cluster",
            [](Profile& p, std::uint64_t v) { p.page_cluster = static_cast<unsigned>(v); }},
    Setting{"nr_hugepages", [](Profile& p, std::uint64_t v) { p.nr_hugepages = v; }},
    Setting{"use_zero_page", [](Profile& p, std::uint64_t v) { p.use_huge_zero_page = v != 0; }},
    Setting{"thp_enabled", [](Profile& p, std::uint64_t v) { p.thp_enabled = mode(v); }},
    Setting{"overcommit_memory",
            [](Profile& p, std::uint64_t v) { p.overcommit_memory = static_cast<int>(v); }},
};

/// The entry of that name, or null.
template <class Table>
const typename Table::value_type* find(const Table& table, std::string_view name) {
  const auto* const found = std::find_if(table.begin(), table.end(),
                                         [name](const auto& each) { return each.name == name; });
  return found == table.end() ? nullptr : found;
}

/// 0: the machine has no such folios.
unsigned order_of(const FolioSize& size, const Geometry& geometry) {
  const unsigned order = size.shift - std::min(size.shift, geometry.page_shift);
  return order <= geometry.index_bits[0] ? order : 0;
}

}  // namespace

bool has_setting(std::string_view name, const Geometry& geometry) noexcept {
  const FolioSize* const size = find(kFolioSizes, name);
  return size != nullptr ? order_of(*size, geometry) != 0 : find(kSettings, name) != nullptr;
}

void apply_setting(std::string_view name, std::uint64_t value, const Geometry& geometry,
                   Profile& profile) {
  if (const FolioSize* const size = find(kFolioSizes, name)) {
    const unsigned order = order_of(*size, geometry);
    const bool huge = order == geometry.index_bits[0];
    (huge ? profile.huge_enabled : profile.mthp_enabled.at(order)) = mode(value);
  } else if (const Setting* const setting = find(kSettings, name)) {
    setting->apply(profile, value);
  }
}

}  // namespace tools::run::sim
