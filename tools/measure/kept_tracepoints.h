// The fault tracepoints, kept in use from one measured process to the next.
#pragma once

#include "tools/measure/rights.h"

namespace tools::measure {

/// Holds the tracepoints until this program ends. Whoever lets go of a tracepoint last waits in the
/// kernel for all CPUs, some 70 ms: without this each measured process does, at its end.
void keep_in_use(const Tracepoints& tracepoints) noexcept;

}  // namespace tools::measure
