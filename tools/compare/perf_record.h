// perf_record: what stands in the records of perf's ring buffers.
#pragma once

#include <linux/perf_event.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>

#include "tools/compare/fault_stream.h"
#include "tools/run/owned_fd.h"

namespace tools::compare {

/// What is asked for, and so what each record holds.
struct PerfLayout {
  Unwind unwind = Unwind::Near;
  bool kernel_mode = true;
  bool presence = true;
  measure::Tracepoints tracepoints{};  ///< those of 0 are not asked for

  [[nodiscard]] bool has_traces() const noexcept {
    return tracepoints.user != 0 && tracepoints.kernel != 0;
  }
};

/// A sample for each fault that was handled, minor or major, with registers and stack; of minor
/// ones, of maps, forks, execs and exits too.
[[nodiscard]] perf_event_attr fault_event(std::uint64_t config, const PerfLayout& layout);
/// A small sample for each page-fault exception before it is handled: with its error code, by a
/// tracepoint.
[[nodiscard]] perf_event_attr trace_event(std::uint32_t tracepoint);
/// The same where tracepoints cannot be had: the size of the page at the
/// address (5.11) is 0 where none is. (A stack read at that time would leave an entry in the TLB
/// that the repaired page faults on once more.)
[[nodiscard]] perf_event_attr presence_event(const PerfLayout& layout);

/// An event that never happens: its ring has those of others. Whoever waits for it is woken at so
/// many bytes.
[[nodiscard]] perf_event_attr ring_event(std::uint32_t wakeup_bytes);
/// `task`: 0 is the caller. Throws std::system_error where the kernel refuses.
[[nodiscard]] run::OwnedFd open_event(perf_event_attr attr, pid_t task, int processor);

/// Which event a sample is of.
[[nodiscard]] std::uint64_t sample_id(const std::byte* begin, const std::byte* end);
[[nodiscard]] StreamEvent read_fault(const PerfLayout& layout, const perf_event_header& header,
                                     const std::byte* begin, const std::byte* end);

/// An exception, before it was handled.
struct Presence {
  std::int32_t tid = 0;
  std::uint64_t address = 0;
  bool present = false;
  std::optional<std::uint16_t> error_code{};  ///< none: not told
};
[[nodiscard]] Presence read_trace(const measure::Tracepoints& tracepoints, const std::byte* begin,
                                  const std::byte* end);
[[nodiscard]] Presence read_presence(const std::byte* begin, const std::byte* end);
/// Records other than samples; none: of no interest.
[[nodiscard]] std::optional<StreamEvent> read_other(const perf_event_header& header,
                                                    const std::byte* begin, const std::byte* end);
/// Of a record that tells of lost ones, how many; 0 for others.
[[nodiscard]] std::uint64_t read_lost(const perf_event_header& header, const std::byte* begin,
                                      const std::byte* end);

}  // namespace tools::compare
