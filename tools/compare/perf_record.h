// perf_record: what stands in the records of perf's ring buffers.
#pragma once

#include <linux/perf_event.h>

#include <cstddef>
#include <cstdint>
#include <optional>

#include "tools/compare/fault_stream.h"

namespace tools::compare {

/// What is asked for, and so what each record holds.
struct PerfLayout {
  Unwind unwind = Unwind::Near;
  bool kernel_mode = true;
  bool page_sizes = true;
};

/// A sample for each page-fault exception; it tells of maps, forks, execs and exits too.
[[nodiscard]] perf_event_attr fault_event(const PerfLayout& layout);
/// A small sample for each major fault, once it is handled.
[[nodiscard]] perf_event_attr major_event(const PerfLayout& layout);
/// Counts the faults of user mode of one kind, without samples.
[[nodiscard]] perf_event_attr counter(std::uint64_t config);

/// Which event a sample is of.
[[nodiscard]] std::uint64_t sample_id(const std::byte* begin, const std::byte* end);
[[nodiscard]] StreamEvent read_fault(const PerfLayout& layout, const perf_event_header& header,
                                     const std::byte* begin, const std::byte* end);
[[nodiscard]] StreamEvent read_major(const std::byte* begin, const std::byte* end);
/// Records other than samples; none: of no interest.
[[nodiscard]] std::optional<StreamEvent> read_other(const perf_event_header& header,
                                                    const std::byte* begin, const std::byte* end);
/// Of a record that tells of lost ones, how many; 0 for others.
[[nodiscard]] std::uint64_t read_lost(const perf_event_header& header, const std::byte* begin,
                                      const std::byte* end);

}  // namespace tools::compare
