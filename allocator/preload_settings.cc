// Reading and judging the environment, without allocating.
#include "allocator/preload_settings.h"

#include <algorithm>
#include <optional>

#include "allocator/preload_memory.h"
#include "allocator/preload_text.h"

namespace allocator {
namespace {

using Policy = ProcessPolicy;

/// A number a variable may hold.
struct Range {
  std::uint64_t least;
  std::uint64_t most;

  [[nodiscard]] std::optional<std::uint64_t> read(std::string_view text) const noexcept {
    const auto number = tunable_number(text);
    return number && *number >= least && *number <= most ? number : std::nullopt;
  }
};

/// A tunable with the limit that applying it has, which may be below its type's.
struct Known {
  Tunable tunable;
  std::uint64_t most;

  [[nodiscard]] Range range() const noexcept { return {tunable.least, most}; }
};
constexpr Known plain(const Tunable& tunable) { return {tunable, tunable.most}; }
constexpr Tunable kTunableCheck{{"check"}, {"MALLOC_CHECK_"}, 0, 3};
constexpr std::array<Known, 13> kKnown{plain(kTunableTopPad),
                                       plain(kTunablePerturb),
                                       plain(kTunableMmapThreshold),
                                       plain(kTunableTrimThreshold),
                                       plain(kTunableMmapMax),
                                       plain(kTunableArenaMax),
                                       plain(kTunableArenaTest),
                                       plain(kTunableTcacheUnsorted),
                                       plain(kTunableHugetlb),
                                       plain(kTunableCheck),
                                       Known{kTunableTcacheMax, Policy::kTcacheMaxRequest},
                                       Known{kTunableTcacheCount, Policy::kMaxTcacheCount},
                                       Known{kTunableMxfast, Policy::kMaxFastRequest}};

constexpr const char* kStats = "FAULTLINE_STATS";
constexpr Range kStatsRange{0, 1};
constexpr const char* kCheck = "FAULTLINE_CHECK";
constexpr Range kCheckRange{0, std::numeric_limits<std::int64_t>::max()};

std::string_view variable(const char* name) noexcept { return ProcessMemory{}.environment(name); }

void name_bad_value(std::string_view name, std::string_view value, Range range) noexcept {
  if (range.read(value)) return;
  Text text;
  text << "faultline: ignored: " << name << "=" << value << " (not a number ";
  if (range.most == kAnySize) {
    text << "of at least " << range.least;
  } else {
    text << "from " << range.least << " to " << range.most;
  }
  text << ")\n";
  text.print();
}

void name_bad_variable(const char* name, Range range) noexcept {
  const std::string_view value = variable(name);
  if (value.data() != nullptr) name_bad_value(name, value, range);
}

/// Cuts `text` at the first `separator`: gives what is before it, leaves what is behind it.
std::string_view take_until(std::string_view& text, char separator) noexcept {
  const std::size_t at = std::min(text.find(separator), text.size());
  const std::string_view taken{text.data(), at};
  text.remove_prefix(std::min(at + 1, text.size()));
  return taken;
}

/// One entry of GLIBC_TUNABLES, glibc.malloc.NAME=VALUE.
void name_bad_tunable(std::string_view entry) noexcept {
  constexpr std::string_view kPrefix = "glibc.malloc.";
  if (!entry.starts_with(kPrefix) || entry.find('=') == std::string_view::npos) return;
  std::string_view value = entry;
  const std::string_view name = take_until(value, '=');
  for (const Known& known : kKnown) {
    const std::string_view its = known.tunable.name.view();
    const bool same = name.size() == kPrefix.size() + its.size() && name.ends_with(its);
    if (same) return name_bad_value(name, value, known.range());
  }
  Text text;
  text << "faultline: ignored: " << entry << " (there is no such tunable)\n";
  text.print();
}

void name_bad_tunables() noexcept {
  std::string_view list = variable("GLIBC_TUNABLES");
  while (!list.empty()) name_bad_tunable(take_until(list, ':'));
}

}  // namespace

Settings read_settings() noexcept {
  const auto number = [](const char* name, Range range) {
    const std::string_view value = variable(name);
    return value.data() == nullptr ? 0 : range.read(value).value_or(0);
  };
  return {number(kStats, kStatsRange), number(kCheck, kCheckRange)};
}

void name_bad_settings() noexcept {
  name_bad_tunables();
  for (const Known& known : kKnown) {
    const Name& alias = known.tunable.alias;
    if (!alias.view().empty()) name_bad_variable(alias.text, known.range());
  }
  name_bad_variable(kStats, kStatsRange);
  name_bad_variable(kCheck, kCheckRange);
  if constexpr (!Policy::kTcache) {
    for_each_knob<ProcessMemory>([](const Knob& knob, auto) {
      name_bad_variable(knob.name.text, {0, knob.most});
    });
  }
}

}  // namespace allocator
