// What mallopt and GLIBC_TUNABLES set, as knobs of a run.
#include "tools/verbs/malloc_knobs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "allocator/knobs.h"
#include "allocator/policy.h"
#include "allocator/tunables.h"

namespace tools::verbs {
namespace {

using allocator::Glibc236;

struct MallocKnob {
  std::string_view tunable;    ///< as GLIBC_TUNABLES has it
  std::string_view parameter;  ///< mallopt's, with the same effect; empty: none
  std::uint64_t least;
  std::uint64_t most;
  std::string_view meaning;
};

constexpr std::uint64_t kAny = std::numeric_limits<std::uint64_t>::max();
constexpr std::string_view kVariable = "GLIBC_TUNABLES=";

// What the allocator accepts is said in allocator/tunables.h and allocator/policy.h.
constexpr std::array kMallocKnobs{
    MallocKnob{"glibc.malloc.top_pad", "M_TOP_PAD", 0, kAny,
               "bytes more than needed that the heap grows by"},
    MallocKnob{"glibc.malloc.mmap_threshold", "M_MMAP_THRESHOLD", 0, kAny,
               "bytes from which a block has a mapping of its own"},
    MallocKnob{"glibc.malloc.trim_threshold", "M_TRIM_THRESHOLD", 0, kAny,
               "bytes free at the heap's end from which they go back"},
    MallocKnob{"glibc.malloc.mmap_max", "M_MMAP_MAX", 0, allocator::kTunableMmapMax.most,
               "blocks that may have a mapping of their own"},
    MallocKnob{"glibc.malloc.mxfast", "M_MXFAST", 0, Glibc236::kMaxFastRequest,
               "bytes of the largest block kept in fast bins"},
    MallocKnob{"glibc.malloc.perturb", "M_PERTURB", 0, allocator::kTunablePerturb.most,
               "byte that blocks are filled with; 0: they are not"},
    MallocKnob{"glibc.malloc.arena_max", "M_ARENA_MAX", 1, kAny, "arenas there may be"},
    MallocKnob{"glibc.malloc.arena_test", "M_ARENA_TEST", 1, kAny,
               "arenas from which their number is limited by the processors"},
    MallocKnob{"glibc.malloc.tcache_count", "", 0, Glibc236::kMaxTcacheCount,
               "blocks of a size that a thread keeps"},
    MallocKnob{"glibc.malloc.tcache_max", "", 0, Glibc236::kTcacheMaxRequest,
               "bytes of the largest block a thread keeps"},
    MallocKnob{"glibc.malloc.tcache_unsorted_limit", "", 0, kAny,
               "blocks moved to the thread's cache in one search; 0: any number"},
    MallocKnob{"glibc.malloc.hugetlb", "", 0, kAny,
               "0 none, 1 huge pages by madvise, 2 MAP_HUGETLB, else MAP_HUGETLB of that size"},
};

/// Of libfaultline.so(7). Its idle thread is not simulated.
struct PolicyKnob {
  const allocator::Knob* knob;
  std::string_view meaning;

  [[nodiscard]] std::string_view name() const { return knob->name.view(); }
};
constexpr std::array kPolicyKnobs{
    PolicyKnob{&allocator::kKnobHuge, "bytes from which an arena grows by huge pages; 0: never"},
    PolicyKnob{&allocator::kKnobLists, "bytes of a thread's list of one class of sizes"},
    PolicyKnob{&allocator::kKnobDepot,
               "the part of an arena, one in so many, from which what is kept is merged first"},
    PolicyKnob{&allocator::kKnobRetain, "whether what was trimmed and asked for again is kept"},
};

/// Adds to what GLIBC_TUNABLES says already; the last of one name counts.
void set_tunable(std::vector<std::string>& environment, const std::string& assignment) {
  const auto at =
      std::find_if(environment.begin(), environment.end(),
                   [](const std::string& entry) { return entry.starts_with(kVariable); });
  if (at == environment.end()) {
    environment.push_back(std::string{kVariable} + assignment);
  } else {
    *at += ':' + assignment;
  }
}

std::string values_of(std::uint64_t least, std::uint64_t most) {
  return most == kAny ? fmt::format("{}..", least) : fmt::format("{}..{}", least, most);
}

bool turn_policy(run::SimSetup& setup, std::string_view name, std::string_view text) {
  const auto* const each =
      std::find_if(kPolicyKnobs.begin(), kPolicyKnobs.end(),
                   [name](const PolicyKnob& knob) { return knob.name() == name; });
  if (each == kPolicyKnobs.end()) return false;
  const std::uint64_t value = number_of(name, text, 0, each->knob->most, each->meaning);
  setup.layout.environment.push_back(fmt::format("{}={}", name, value));
  return true;
}

}  // namespace

std::vector<KnobInfo> malloc_knobs() {
  std::vector<KnobInfo> all;
  for (const MallocKnob& knob : kMallocKnobs) {
    const std::string values = values_of(knob.least, knob.most);
    all.push_back({knob.tunable, values, knob.meaning});
    if (!knob.parameter.empty()) all.push_back({knob.parameter, values, knob.meaning});
  }
  for (const PolicyKnob& each : kPolicyKnobs)
    all.push_back({each.name(), values_of(0, each.knob->most), each.meaning});
  return all;
}

bool turn_malloc(run::SimSetup& setup, std::string_view name, std::string_view text) {
  if (turn_policy(setup, name, text)) return true;
  const auto* const knob =
      std::find_if(kMallocKnobs.begin(), kMallocKnobs.end(), [name](const MallocKnob& each) {
        return each.tunable == name || (!name.empty() && each.parameter == name);
      });
  if (knob == kMallocKnobs.end()) return false;
  const std::uint64_t value = number_of(name, text, knob->least, knob->most, knob->meaning);
  set_tunable(setup.layout.environment, fmt::format("{}={}", knob->tunable, value));
  return true;
}

}  // namespace tools::verbs
