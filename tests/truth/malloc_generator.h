// Random malloc traces: what programs do, and what they seldom do.
#pragma once

#include <cstdint>

#include "tests/truth/malloc_trace.h"

namespace truth {

struct GeneratorLimits {
  std::uint32_t ops = 2000;
  bool threads = true;     ///< some traces run in a second thread
  bool huge_pages = true;  ///< some ask for huge pages by tunable
};

/// A trace of operations without results, the same for the same seed. Its habits are drawn first:
/// which sizes, which calls, in which order blocks are freed, tunables, a neighbour who moves the
/// break, mappings in its way, a limit on the address space.
[[nodiscard]] Trace generate(std::uint64_t seed, const GeneratorLimits& limits = {});

}  // namespace truth
