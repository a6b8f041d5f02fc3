// FaultStream: every page fault of a process tree and what its address spaces look like, from perf.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "tools/compare/taken_bytes.h"
#include "tools/measure/raw_syscall.h"
#include "tools/measure/rights.h"
#include "tools/run/owned_fd.h"

namespace tools::compare {

using measure::kPage;

/// How far the callers of a fault are followed. Near: through the 512 bytes of stack that cost
/// little, enough for the caller of malloc in nearly every allocator. Frame pointers: from there on
/// by those, for programs built with them. Dwarf: through 16 KiB of stack.
enum class Unwind : std::uint8_t { Near, FramePointers, Dwarf };

/// Registers that an instruction with two operands in memory may go by, and those of its frame.
struct StreamRegisters {
  std::uint64_t source_index = 0;       ///< rsi
  std::uint64_t destination_index = 0;  ///< rdi
  std::uint64_t frame_pointer = 0;      ///< rbp
  std::uint64_t stack_pointer = 0;      ///< rsp
};

/// A fault that was counted as minor or major.
struct StreamFault {
  std::int32_t pid = 0, tid = 0;
  std::uint64_t address = 0;
  std::uint64_t instruction_pointer = 0;
  StreamRegisters registers;
  std::span<const std::uint64_t> stack{};           ///< from the stack pointer up; the stream's own
  std::span<const std::uint64_t> callers{};         ///< with Unwind::FramePointers, by those
  std::span<const std::uint64_t> kernel_callers{};  ///< in kernel mode, innermost first
  std::optional<std::uint16_t> error_code{};        ///< as the processor gave it; none: not told
  std::optional<bool> present;  ///< a page was mapped there: it lacked a right; none: not told
  bool major = false;
  bool kernel_mode = false;
};

/// An area of memory was made, or its protection changed: the whole of it, with the neighbours it
/// was joined with. munmap and mremap are not told.
struct StreamMap {
  std::int32_t pid = 0, tid = 0;
  std::uint64_t start = 0, length = 0, offset = 0;
  std::uint64_t device = 0, inode = 0;
  std::uint32_t protection = 0;  ///< PROT_*
  std::uint32_t flags = 0;       ///< MAP_*: those the kernel still knows of
  std::string file;              ///< "//anon", "[stack]", a path
};
struct StreamFork {
  std::int32_t pid = 0, parent = 0;  ///< equal: a thread
  std::int32_t tid = 0, parent_tid = 0;
};
struct StreamExec {
  std::int32_t pid = 0;
};
struct StreamExit {
  std::int32_t pid = 0, tid = 0;
};

/// A system call that changes an address space, about to run; or, of mremap, that has run.
struct StreamCall {
  std::int32_t tid = 0;
  std::int32_t pid = 0;  ///< set by play(): the kernel tells of the thread alone
  int number = 0;        ///< SYS_*
  std::array<std::uint64_t, 6> arguments{};
  std::optional<std::uint64_t>
      result{};  ///< of mremap: where the memory lies then; none: not known
};

struct StreamEvent {
  std::uint64_t time = 0;  ///< ns of CLOCK_MONOTONIC
  std::variant<StreamFault, StreamMap, StreamFork, StreamExec, StreamExit, StreamCall> what;
};

class PerfEvents;
class PerfRing;
using PerfRings = std::vector<std::unique_ptr<PerfRing>>;

/// What is asked of the kernel for each fault.
struct StreamOptions {
  Unwind unwind = Unwind::Near;
  bool presence = false;               ///< StreamFault::present is wanted
  measure::Tracepoints tracepoints{};  ///< for error codes; those of 0 are not wanted
};

/// Follows a process from its next execve on, with all that it starts. The ring buffers, one a
/// processor, are emptied by a thread of its own.
class FaultStream {
 public:
  /// `rings`: of no other stream until this one has ended. Presence and error codes cost a second,
  /// small sample a fault, together not more than one. Throws std::system_error where the kernel
  /// gives no perf events.
  FaultStream(pid_t program, const PerfRings& rings, StreamOptions options);
  ~FaultStream();
  FaultStream(const FaultStream&) = delete;
  FaultStream& operator=(const FaultStream&) = delete;

  /// Everything that has happened is taken; other streams may begin, and files are closed.
  void end();
  /// How much memory what has ended takes.
  [[nodiscard]] std::size_t bytes() const noexcept;
  /// Of what has ended: all events, in the order of time. What they point to lives as long as the
  /// stream, and that not longer than the rings.
  [[nodiscard]] std::vector<StreamEvent> events();
  /// Samples the kernel had no room for; known after events().
  [[nodiscard]] std::uint64_t lost() const noexcept { return lost_; }
  /// Faults inside system calls are told too.
  [[nodiscard]] bool kernel_mode() const noexcept { return kernel_mode_; }
  /// StreamFault::error_code is told.
  [[nodiscard]] bool error_codes() const noexcept { return options_.tracepoints.user != 0; }

 private:
  void open(pid_t program, const PerfRing& ring);
  void drain_until_stopped();

  StreamOptions options_;
  const PerfRings& rings_;
  std::vector<std::unique_ptr<PerfEvents>> events_;  ///< by ring, as is the next one
  std::vector<TakenBytes> taken_;                    ///< what has ended
  run::OwnedFd stop_;
  std::thread drainer_;
  std::uint64_t lost_ = 0;
  bool kernel_mode_ = true;
};

}  // namespace tools::compare
