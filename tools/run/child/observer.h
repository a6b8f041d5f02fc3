// Observer: what is written down around an operation: counts, faults, page states, resident set.
#pragma once

#include "tools/run/child/task.h"

namespace tools::run::child {

/// Opens perf events and procfs files for a task's thread, uses each once, and tells the header
/// what this machine allowed.
void open_instruments(Task& task) noexcept;
void close_instruments(Task& task) noexcept;

/// Learns the frame number of the zero page, by mapping one.
void learn_zero_page(const Task& task) noexcept;

/// Remembers the pages the call may touch. Before its measurement.
void look_before(const Call& call) noexcept;
/// Writes down every fault the ring holds. `finish`: the operation is over.
void log_faults(const Call& call, bool finish = true) noexcept;
/// Called inside a long operation, so that the ring never overflows.
inline void keep_ring_free(const Call& call) noexcept {
  if (call.task->events.half_full()) log_faults(call, false);
}
void log_signal(const Call& call, const pagesim::SignalInfo& signal) noexcept;
void log_rss(const Call& call, const pagesim::Rss& change) noexcept;
/// Answers the probes asked for after the operation.
void answer_probes(const Call& call) noexcept;

/// The address space changed other than by anonymous memory: it is written down again before the
/// next operation that may fault.
void maps_changed() noexcept;
/// From now on pages may be shared with another process: the heap is remembered before each
/// allocator call.
void pages_shared() noexcept;

}  // namespace tools::run::child
