// Task: one process or thread of the script from the inside, and the call it is making.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tools/measure/fault_events.h"
#include "tools/measure/page_map.h"
#include "tools/measure/proc_status.h"
#include "tools/measure/raw_syscall.h"
#include "tools/run/child/shared.h"

namespace tools::run::child {

/// The shared mapping, typed.
struct Shared {
  Header* header = nullptr;
  const script::Op* ops = nullptr;
  OpResult* results = nullptr;
  TaskSlot* tasks = nullptr;
  Block* names = nullptr;  ///< [process][name]
  const std::int32_t* files = nullptr;
  const PageProbe* probes = nullptr;
  const Setting* settings = nullptr;
};
// It is constinit: nothing runs before main.
extern constinit Shared shared;  // NOLINT(bugprone-dynamic-static-initializers)

inline constexpr std::size_t kSignalStack = 64 * 1024;

/// What a thread of execution owns. Lives in static memory (main, and after a fork the child) or on
/// the thread's own stack: nothing is allocated.
struct Task {
  std::uint32_t index = 0;
  std::uint32_t forks_seen = 0;  ///< of its process; its own pages are not shared by any of them
  measure::FaultCount own;  ///< faults that are not the script's: before it, and touching again
  measure::FaultEvents events;
  measure::PageMap pagemap;
  measure::PageMap page_flags;
  measure::ProcStatus status;
  alignas(64) unsigned char signal_stack[kSignalStack] = {};

  [[nodiscard]] TaskSlot& slot() const noexcept { return shared.tasks[index]; }
  [[nodiscard]] Block* names() const noexcept {
    return shared.names + std::size_t{slot().process} * shared.header->name_count;
  }
};

/// One operation on its way: arguments resolved before, results filled in by the act.
struct Call {
  const script::Op* op = nullptr;
  Task* task = nullptr;
  std::uint64_t to = 0;      ///< address of Op::to
  std::uint64_t length = 0;  ///< bytes of the range or block; Op::n for a place
  std::uint64_t from = 0;    ///< address of Op::from
  std::int64_t pages = 0;    ///< pages of the range; 0: a place
  Block block;               ///< what the name in Op::to stands for
  long fd = -1;              ///< opened by prepare, closed by finish
  std::uint64_t index = 0;   ///< of the operation
  // Results.
  std::uint64_t address = 0;
  std::int64_t returned = 0;
  std::int32_t error = 0;
  std::uint32_t extra_minor = 0;  ///< charged to somebody else on this operation's behalf
  std::uint32_t extra_major = 0;

  /// Files a raw system call's result.
  void take(long result) noexcept {
    returned = result < 0 ? -1 : result;
    error = static_cast<std::int32_t>(result < 0 ? -result : 0);
  }
};

/// Says in one sentence why operation `index` cannot be run here, and ends the run.
[[noreturn]] void refuse(std::uint64_t index, const char* sentence) noexcept;

}  // namespace tools::run::child
