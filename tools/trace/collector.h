// Threads' calls in shared memory -> the processes' events, in a trace file.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "tools/trace/process_log.h"
#include "tools/trace/shared_area.h"
#include "tools/trace/trace_writer.h"

namespace tools::trace {

/// When an image of a process joined the recording, and when each of its events was, in ns of
/// CLOCK_MONOTONIC: of a call that takes memory, when it returned, else when it was made.
struct ImageTimes {
  std::uint64_t joined = 0;
  std::vector<std::uint64_t> events{};
};

/// Knows every process of a recording.
class Collector {
 public:
  Collector(SharedArea& area, TraceWriter& writer, bool addresses);
  ~Collector();

  /// Takes what was published since the last visit. Slots of ended threads are free afterwards, and
  /// when `look_for_dead` those of threads that could not say they ended.
  void visit(bool look_for_dead);
  /// Writes out the events merged so far, however few.
  void flush();
  /// Merges what is left and ends the file. Every process has ended.
  void finish();

  [[nodiscard]] std::uint64_t events() const noexcept { return events_; }
  [[nodiscard]] const Losses& losses() const noexcept { return losses_; }
  [[nodiscard]] std::vector<ProcessInfo> processes() const;
  /// By index of the process; of a recording that is timed.
  [[nodiscard]] std::map<std::uint32_t, ImageTimes> take_times();
  /// Events by script::Verb.
  [[nodiscard]] std::vector<std::uint64_t> by_verb() const;

 private:
  class Process;
  struct Fork {
    Heap heap;
    std::uint64_t event = 0;
  };

  void meet();
  void join(const JoinedProcess& joined);
  void free_slots(bool look_for_dead);
  void bind(Process& process);
  void merge(Process& process, std::uint64_t epoch);
  [[nodiscard]] std::int64_t newest_of(std::int32_t pid) const;

  SharedArea& area_;
  TraceWriter& writer_;
  bool addresses_;
  std::map<std::uint32_t, std::unique_ptr<Process>>
      processes_;  ///< a parent comes before its child
  std::vector<ClaimedSlot> claimed_;
  std::map<std::int32_t, std::uint32_t> by_pid_;  ///< the newest image
  std::map<std::uint64_t, Fork> forks_;           ///< not yet bound, by token
  std::array<std::uint64_t, 256> by_verb_{};
  std::uint64_t events_ = 0;
  Losses losses_;
};

}  // namespace tools::trace
