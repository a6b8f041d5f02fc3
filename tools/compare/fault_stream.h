// FaultStream: every page fault of a process tree and what its address spaces look like, from perf.
#pragma once

#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <variant>
#include <vector>

namespace tools::compare {

inline constexpr std::size_t kStackWords = 8;

/// A fault that was counted as minor or major.
struct StreamFault {
  std::int32_t pid = 0, tid = 0;
  std::uint64_t address = 0;
  std::uint64_t instruction_pointer = 0;
  std::uint64_t stack_pointer = 0;
  std::array<std::uint64_t, kStackWords> stack{};  ///< from the stack pointer up
  std::uint8_t stack_words = 0;                    ///< of them could be read
  bool major = false;
  bool kernel_mode = false;
};

/// An area of memory was made, or its protection changed. munmap is not told.
struct StreamMap {
  std::int32_t pid = 0;
  std::uint64_t start = 0, length = 0, offset = 0;
  std::uint32_t protection = 0;  ///< PROT_*
  std::string file;              ///< "//anon", "[stack]", a path
};
struct StreamFork {
  std::int32_t pid = 0, parent = 0;  ///< equal: a thread
};
struct StreamExec {
  std::int32_t pid = 0;
};

struct StreamEvent {
  std::uint64_t time = 0;  ///< ns, of one clock for all processors
  std::variant<StreamFault, StreamMap, StreamFork, StreamExec> what;
};

/// Follows a process from its next execve on, with all that it starts. Its ring buffers, one a
/// processor, are emptied by a thread of its own.
class FaultStream {
 public:
  /// Throws std::system_error where the kernel gives no perf events.
  explicit FaultStream(pid_t program);
  ~FaultStream();
  FaultStream(const FaultStream&) = delete;
  FaultStream& operator=(const FaultStream&) = delete;

  /// Ends it. All events, in the order of time.
  [[nodiscard]] std::vector<StreamEvent> take();
  /// Samples the kernel had no room for; known after take().
  [[nodiscard]] std::uint64_t lost() const noexcept { return lost_; }
  /// Faults inside system calls are told too.
  [[nodiscard]] bool kernel_mode() const noexcept { return kernel_mode_; }

 private:
  class Ring;

  void open(pid_t program, int processor);
  void drain_until_stopped();
  void stop();

  std::vector<std::unique_ptr<Ring>> rings_;
  std::atomic<bool> stopped_ = false;
  std::thread drainer_;
  std::uint64_t lost_ = 0;
  bool kernel_mode_ = true;
};

}  // namespace tools::compare
