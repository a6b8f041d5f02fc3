// Malloc on the simulated machine, held against a trace.
#pragma once

#include <cstdint>

#include "tests/truth/malloc_trace.h"

namespace truth {

/// Runs the operations of `trace` in a new simulated process whose kernel grants and refuses what
/// the trace's did, and compares every result and, where the trace tells, the resident heap pages.
/// After every `check_every`-th operation (0: never) the heap is walked. Throws Mismatch at the
/// first difference, broken invariant or signal.
void replay(const Trace& trace, std::uint32_t check_every = 0);

}  // namespace truth
