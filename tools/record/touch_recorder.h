// Records a program's allocator calls together with the touches of its blocks that faulted.
#pragma once

#include <cstdint>

#include "tools/trace/recorder.h"

namespace tools::record {

struct TouchOptions {
  /// Each block of a page or more has pages of its own, that nobody had before: the program's first
  /// touch of each of them faults. (Of glibc: a mapping for each such block.)
  bool fresh_pages = false;
};

struct TouchStats {
  std::uint64_t touches = 0;    ///< in the trace
  std::uint64_t by_kernel = 0;  ///< of those and of `elsewhere`: in system calls, taken as writes
  std::uint64_t guessed = 0;    ///< read or write could not be told: taken as writes
  std::uint64_t in_malloc = 0;  ///< the allocator's own: left out
  std::uint64_t elsewhere = 0;  ///< in no block and no mapping of its own: stack, files, ...
  std::uint64_t lost = 0;       ///< faults there was no room for
  bool kernel_mode = true;      ///< those in system calls were seen
};

struct TouchRecording {
  trace::RecordStats calls;  ///< `bytes` and `events`: of the whole trace
  TouchStats touches;
};

/// As trace::record(), with OUTPUT.calls beside the output while the program runs. Throws
/// std::system_error where the kernel gives no perf events, before the program has begun.
[[nodiscard]] TouchRecording record_touches(trace::RecordOptions options,
                                            const TouchOptions& touch);

}  // namespace tools::record
