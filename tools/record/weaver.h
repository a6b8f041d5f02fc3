// Weaving faults into recorded calls: which block each of them was in, and between which calls.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "tools/trace/collector.h"
#include "tools/trace/trace_reader.h"
#include "tools/trace/trace_writer.h"

namespace tools::record {

/// A fault in the program's own accesses, or in a system call on its behalf.
struct Touch {
  std::uint64_t time = 0;  ///< ns of CLOCK_MONOTONIC
  std::int32_t pid = 0;
  std::uint64_t address = 0;  ///< the exact byte
  bool writes = true;
};

/// A process became another program.
struct Exec {
  std::uint64_t time = 0;
  std::int32_t pid = 0;
};

struct WovenCounts {
  std::uint64_t touches = 0;    ///< in a living block: in the trace
  std::uint64_t elsewhere = 0;  ///< in no block and no mapping of its own: stack, files, ...
};

/// Writes the trace `calls` anew, with each touch as an event of its process before the first call
/// that was later. `times`: of the calls, by process. `touches` and `execs`: in the order of time.
/// `calls` has addresses; what is written has them where `keep_addresses`.
WovenCounts weave(const trace::TraceReader& calls,
                  const std::map<std::uint32_t, trace::ImageTimes>& times,
                  const std::vector<Touch>& touches, const std::vector<Exec>& execs,
                  trace::TraceWriter& to, bool keep_addresses);

}  // namespace tools::record
