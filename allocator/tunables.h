// GLIBC_TUNABLES and the MALLOC_ variables, and what setting a parameter does (section 16, 13.7).
#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "allocator/core.h"

namespace allocator {

/// A name held in place. A table of pointers would have to be relocated in every process.
struct Name {
  char text[24];  ///< ends in 0

  [[nodiscard]] constexpr std::string_view view() const noexcept { return text; }
};

/// A tunable: its name after "glibc.malloc.", its variable, and the values it takes.
struct Tunable {
  Name name;
  Name alias;  ///< empty: none
  std::uint64_t least;
  std::uint64_t most;
};

inline constexpr std::uint64_t kAnySize = std::numeric_limits<std::uint64_t>::max();
inline constexpr Tunable kTunableTopPad{{"top_pad"}, {"MALLOC_TOP_PAD_"}, 0, kAnySize};
inline constexpr Tunable kTunablePerturb{{"perturb"}, {"MALLOC_PERTURB_"}, 0, 255};
inline constexpr Tunable kTunableMmapThreshold{
    {"mmap_threshold"}, {"MALLOC_MMAP_THRESHOLD_"}, 0, kAnySize};
inline constexpr Tunable kTunableTrimThreshold{
    {"trim_threshold"}, {"MALLOC_TRIM_THRESHOLD_"}, 0, kAnySize};
inline constexpr Tunable kTunableMmapMax{
    {"mmap_max"}, {"MALLOC_MMAP_MAX_"}, 0, std::numeric_limits<std::int32_t>::max()};
inline constexpr Tunable kTunableArenaMax{{"arena_max"}, {"MALLOC_ARENA_MAX"}, 1, kAnySize};
inline constexpr Tunable kTunableArenaTest{{"arena_test"}, {"MALLOC_ARENA_TEST"}, 1, kAnySize};
inline constexpr Tunable kTunableTcacheMax{{"tcache_max"}, {}, 0, kAnySize};
inline constexpr Tunable kTunableTcacheCount{{"tcache_count"}, {}, 0, kAnySize};
inline constexpr Tunable kTunableTcacheUnsorted{{"tcache_unsorted_limit"}, {}, 0, kAnySize};
inline constexpr Tunable kTunableMxfast{{"mxfast"}, {}, 0, kAnySize};
inline constexpr Tunable kTunableHugetlb{{"hugetlb"}, {}, 0, kAnySize};

/// The whole of `text` as a number: decimal, 0x hexadecimal, 0 octal, "-" its two's complement.
[[nodiscard]] constexpr std::optional<std::uint64_t> tunable_number(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  unsigned base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  } else if (text.size() > 1 && text.starts_with('0')) {
    base = 8;
  }
  if (text.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    const int letter = c | 0x20;
    unsigned digit = base;
    if (c >= '0' && c <= '9') digit = static_cast<unsigned>(c - '0');
    if (letter >= 'a' && letter <= 'f') digit = static_cast<unsigned>(letter - 'a') + 10;
    if (digit >= base) return std::nullopt;
    if (value > (kAnySize - digit) / base) return std::nullopt;
    value = value * base + digit;
  }
  return negative ? -value : value;
}

/// The value of glibc.malloc.`name` in the variable GLIBC_TUNABLES; the last one counts.
/// (No substr: it may throw, and there is no C++ runtime to throw to.)
[[nodiscard]] constexpr std::optional<std::string_view> find_tunable(std::string_view list,
                                                                     std::string_view name) {
  constexpr std::string_view kPrefix = "glibc.malloc.";
  std::optional<std::string_view> found;
  while (!list.empty()) {
    const std::size_t length = std::min(list.find(':'), list.size());
    std::string_view entry{list.data(), length};
    list.remove_prefix(std::min(length + 1, list.size()));
    if (!entry.starts_with(kPrefix)) continue;
    entry.remove_prefix(kPrefix.size());
    if (!entry.starts_with(name)) continue;
    entry.remove_prefix(name.size());
    if (!entry.starts_with('=')) continue;
    entry.remove_prefix(1);
    found = entry;
  }
  return found;
}

/// What the environment sets a tunable to; nothing when unset, no number or out of range.
template <MemoryBackend M>
[[nodiscard]] std::optional<std::uint64_t> tunable_value(M m, const Tunable& tunable) {
  auto text = find_tunable(m.environment("GLIBC_TUNABLES"), tunable.name.view());
  if (!text && !tunable.alias.view().empty()) {
    const std::string_view value = m.environment(tunable.alias.text);
    if (value.data() != nullptr) text = value;
  }
  if (!text) return std::nullopt;
  const auto value = tunable_number(*text);
  if (!value || *value < tunable.least || *value > tunable.most) return std::nullopt;
  return value;
}

/// Tunables that are present, in the library's order (section 4, step 3).
template <MemoryBackend M, class Policy>
void Core<M, Policy>::apply_tunables(M m) {
  const Params par{m};
  const auto apply = [&](const Tunable& tunable, auto set) {
    if (const auto value = tunable_value(m, tunable)) set(*value);
  };
  apply(kTunableTopPad, [&](auto v) { set_dynamic(par, Params::kTopPad, v); });
  apply(kTunablePerturb, [&](auto v) { par.put(Params::kPerturb, v); });
  apply(kTunableMmapThreshold, [&](auto v) { set_dynamic(par, Params::kMmapThreshold, v); });
  apply(kTunableTrimThreshold, [&](auto v) { set_dynamic(par, Params::kTrimThreshold, v); });
  apply(kTunableMmapMax, [&](auto v) { set_dynamic(par, Params::kMmapsMax, v); });
  apply(kTunableArenaMax, [&](auto v) { par.put(Params::kArenaMax, v); });
  apply(kTunableArenaTest, [&](auto v) { par.put(Params::kArenaTest, v); });
  apply(kTunableTcacheMax, [&](auto v) {
    if (!Policy::kTcache || v > Policy::kTcacheMaxRequest) return;
    par.put(Params::kTcacheBins, tcache_index(*request2size(v)) + 1);
  });
  apply(kTunableTcacheCount, [&](auto v) {
    if (v <= Policy::kMaxTcacheCount) par.put(Params::kTcacheCount, v);
  });
  apply(kTunableTcacheUnsorted, [&](auto v) { par.put(Params::kTcacheUnsortedLimit, v); });
  apply(kTunableMxfast, [&](auto v) { set_mxfast(par, v); });
  apply(kTunableHugetlb, [&](auto v) { set_hugetlb(par, v); });
}

/// Setting one of the four parameters that thresholds follow freezes them all.
template <MemoryBackend M, class Policy>
template <class F>
void Core<M, Policy>::set_dynamic(Params par, F field, std::uint64_t value) {
  par.put(field, value);
  par.put(Params::kNoDynThreshold, 1);
}

/// False when a request of `value` bytes is more than fastbins may serve.
template <MemoryBackend M, class Policy>
bool Core<M, Policy>::set_mxfast(Params par, std::size_t value) {
  if (value > Policy::kMaxFastRequest) return false;
  const bool off = value < kWord;
  par.put(Params::kMaxFast, off ? kChunkHeader : align_down(value + kWord, kAlignment));
  return true;
}

/// 1: transparent huge pages by advice; 2: pages of the default huge size; more: of that size.
template <MemoryBackend M, class Policy>
void Core<M, Policy>::set_hugetlb(Params par, std::uint64_t value) {
  if (value == 0) return;
  const M m = par.memory();
  if (value == 1) return par.put(Params::kThpSize, m.thp_size());
  const std::size_t page = m.hugetlb_size(value == 2 ? 0 : value);
  if (page == 0) return;
  constexpr unsigned kHugeShift = 26;  // MAP_HUGE_SHIFT
  const auto log2 = static_cast<std::uint64_t>(std::countr_zero(page));
  par.put(Params::kHugeSize, page);
  par.put(Params::kHugeFlags, static_cast<std::uint64_t>(MAP_HUGETLB) | log2 << kHugeShift);
}

/// The numbers are those of <malloc.h>; unknown ones are accepted and do nothing (section 13.7).
template <MemoryBackend M, class Policy>
bool Core<M, Policy>::set_parameter(Params par, int parameter, std::int64_t value) {
  const auto word = static_cast<std::uint64_t>(value);
  switch (parameter) {
    case 1:  // M_MXFAST
      return set_mxfast(par, word);
    case -1:  // M_TRIM_THRESHOLD
      set_dynamic(par, Params::kTrimThreshold, word);
      break;
    case -2:  // M_TOP_PAD
      set_dynamic(par, Params::kTopPad, word);
      break;
    case -3:  // M_MMAP_THRESHOLD
      set_dynamic(par, Params::kMmapThreshold, word);
      break;
    case -4:  // M_MMAP_MAX
      set_dynamic(par, Params::kMmapsMax, word);
      break;
    case -6:  // M_PERTURB
      par.put(Params::kPerturb, word);
      break;
    case -7:  // M_ARENA_TEST
      if (value > 0) par.put(Params::kArenaTest, word);
      break;
    case -8:  // M_ARENA_MAX
      if (value > 0) par.put(Params::kArenaMax, word);
      break;
    default:
      if constexpr (!Policy::kTcache) set_knob(par, parameter, word);
      break;
  }
  return true;
}

}  // namespace allocator
