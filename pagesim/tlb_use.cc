// TlbUse: the difference of two states.
#include "pagesim/tlb_use.h"

namespace pagesim {
namespace {

hardware::TlbCounters operator-(const hardware::TlbCounters& a, const hardware::TlbCounters& b) {
  return {.hits = a.hits - b.hits,
          .second_hits = a.second_hits - b.second_hits,
          .misses = a.misses - b.misses,
          .rechecks = a.rechecks - b.rechecks,
          .switches = a.switches - b.switches,
          .asid_flushes = a.asid_flushes - b.asid_flushes};
}

}  // namespace

TlbUse TlbUse::since(const TlbUse& before) const noexcept {
  TlbUse use{counters - before.counters, flushes};
  for (std::size_t change = 0; change < flushes.size(); ++change) {
    const FlushCounts& earlier = before.flushes[change];
    FlushCounts& counts = use.flushes[change];
    for (std::size_t kind = 0; kind < counts.asked.size(); ++kind)
      counts.asked[kind] -= earlier.asked[kind];
    counts.dropped -= earlier.dropped;
  }
  return use;
}

}  // namespace pagesim
