// Runs a program and everything it starts, and records their allocator calls.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tools/trace/collector.h"
#include "tools/trace/event.h"
#include "tools/trace/trace_writer.h"

namespace tools::trace {

struct RecordOptions {
  std::string output;
  std::vector<std::string> command;        ///< PROGRAM ARG...
  bool replace = false;                    ///< the output file may be there already
  bool addresses = true;                   ///< keep what the allocator returned
  bool touches = false;                    ///< TraceInfo::touches: the caller adds them
  bool timed = false;                      ///< fill RecordStats::times
  std::vector<std::string> environment{};  ///< "NAME=VALUE", besides or instead of our own
  /// Called with the program's process before it executes.
  std::function<void(pid_t)> before_exec{};
  std::string library;  ///< libfaultline-record.so; empty: found by find_library()
};

/// What was recorded, for a person to read.
struct RecordStats {
  std::uint64_t events = 0;
  std::vector<std::uint64_t> by_verb;  ///< indexed by script::Verb
  std::vector<ProcessInfo> processes;
  Losses losses;
  std::uint64_t bytes = 0;  ///< of the file
  double seconds = 0;       ///< wall time of the program and all its children
  double user_seconds = 0;  ///< of the program and the children it waited for
  double system_seconds = 0;
  std::map<std::uint32_t, ImageTimes> times{};  ///< by index into `processes`
  int status = 0;  ///< the program's own exit status; 128 + the signal that ended it

  [[nodiscard]] double bytes_per_event() const {
    return events == 0 ? 0 : static_cast<double>(bytes) / static_cast<double>(events);
  }
};

/// Returns when the program and everything it started have ended (a daemon it leaves behind is
/// waited for). Interrupts from the terminal go to the program alone.
///
/// Throws TraceError, before anything was run or written: no such program, one that no library can
/// be preloaded into, an output that is there already; and when the output cannot be written.
[[nodiscard]] RecordStats record(const RecordOptions& options);

/// libfaultline-record.so beside the running program, in ../lib of its folder, or where
/// FAULTLINE_RECORD_LIBRARY says. Throws TraceError.
[[nodiscard]] std::string find_library();

}  // namespace tools::trace
