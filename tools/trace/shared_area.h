// The recorder's end of the shared memory: makes it, and meets the processes and threads in it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tools/trace/raw_stream.h"
#include "tools/trace/wire.h"

namespace tools::trace {

/// A process image that joined the recording.
struct JoinedProcess {
  std::uint32_t index = 0;  ///< of its entry; a forked child's is greater than its parent's
  std::int32_t pid = 0;
  std::int32_t parent_pid = 0;
  std::uint32_t forked_from = wire::kNone;
  std::uint64_t token = 0;
  std::uint64_t heap_base = 0;
  std::uint64_t time = 0;  ///< when it joined, ns of CLOCK_MONOTONIC
  std::vector<std::string> command;
};

/// A thread's claim of a slot.
struct ClaimedSlot {
  std::uint32_t slot = 0;
  std::uint32_t process = 0;
  std::uint32_t thread = 0;
  std::uint32_t first_segment = 0;
};

class SharedArea {
 public:
  /// `timed`: programs note the time of each record. Throws std::system_error.
  explicit SharedArea(bool timed = false);
  ~SharedArea();
  SharedArea(const SharedArea&) = delete;
  SharedArea& operator=(const SharedArea&) = delete;

  /// A path other processes of this user can open while this one lives.
  [[nodiscard]] std::string path() const;
  [[nodiscard]] wire::Area& area() noexcept { return *area_; }

  /// Keeps the pool filled with segments whose memory is there, for threads to find while the
  /// recorder is behind: making memory costs them more than writing into it. Returns after stop().
  void make_segments();

  /// Waits until threads need segments, or for `milliseconds`.
  void wait(int milliseconds);
  /// Ends a wait() of another thread.
  void wake();

  /// Nobody reads any more: threads that need segments go on unrecorded.
  void stop();

  /// Moves the clock. Records of earlier epochs are then a causally closed set: what happened
  /// before one of them is an earlier epoch's as well and was published before this call, and a
  /// record of an earlier epoch that is published later was followed by none of them.
  std::uint64_t tick();
  /// Slots claimed since the last call. Their processes are among the joined.
  [[nodiscard]] std::vector<ClaimedSlot> newly_claimed();
  [[nodiscard]] std::vector<JoinedProcess> newly_joined();

  /// Whether the thread that claimed the slot has ended; what it wrote can be seen then.
  [[nodiscard]] bool is_closing(std::uint32_t slot) const;
  /// The same for a thread that could not say so. Asks the system.
  [[nodiscard]] bool is_dead(std::uint32_t slot) const;
  void free_slot(std::uint32_t slot);

  [[nodiscard]] std::uint32_t lost_threads() const;
  [[nodiscard]] std::uint32_t lost_processes() const;

 private:
  bool make_segment();

  int fd_ = -1;
  wire::Area* area_ = nullptr;
  std::vector<bool> claimed_;           ///< slots told by newly_claimed()
  std::vector<std::uint32_t> unready_;  ///< entries taken by processes that did not fill them yet
  std::uint32_t seen_processes_ = 0;
};

}  // namespace tools::trace
