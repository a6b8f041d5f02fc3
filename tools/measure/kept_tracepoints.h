// Fault events, kept in use from one measured process to the next.
#pragma once

#include "tools/measure/rights.h"

namespace tools::measure {

/// Holds the tracepoints until they are let go of, or this program ends. Whoever lets go of one
/// last waits in the kernel for all CPUs, some 70 ms: without this each measured process does, at
/// its end.
void keep_in_use(const Tracepoints& tracepoints) noexcept;
/// Lets go of them. It is the thread this starts that waits, so that the program can go on to its
/// end meanwhile.
void let_go_of_tracepoints() noexcept;

/// Holds the software events of faults until this program ends: the kernel rewrites its code for
/// the first of a kind, and after the last.
void keep_fault_events_in_use() noexcept;

}  // namespace tools::measure
