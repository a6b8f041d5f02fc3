// What the runner and the measured child share: one mapping of plain data, and a log.
#pragma once

#include <atomic>
#include <cstdint>

#include "pagesim/ledger.h"
#include "tools/measure/raw_syscall.h"
#include "tools/run/touches.h"
#include "tools/script/op.h"

namespace tools::run::child {

using measure::kPage;
/// Where the child keeps what is not the script's: far from heap, stack, libraries and the
/// addresses scripts use.
inline constexpr std::uint64_t kSharedAt = 0x6000'0000'0000;
inline constexpr std::uint64_t kRingsAt = 0x6100'0000'0000;  ///< one ring a task,
inline constexpr std::uint64_t kRingStride = 1ull << 28;     ///< this far apart
inline constexpr std::uint64_t kScratchAt = 0x6200'0000'0000;
inline constexpr std::uint32_t kMagic = 0x464c'0001;

/// Who answers malloc and its kin.
enum class Serve : std::uint32_t {
  Ptmalloc,   ///< one of ours, compiled into the child
  Faultline,  ///< the other
  Process     ///< the process's own malloc: the C library's or a preloaded one
};

enum class TaskState : std::uint32_t { Unborn, Running, Ended };

/// A process or thread of the script, as everyone sees it.
struct TaskSlot {
  std::uint32_t process = 0;  ///< task index of the process it belongs to; itself for a process
  std::uint32_t is_thread = 0;
  std::uint32_t thread = 0;          ///< index among its process's threads
  std::atomic<std::uint32_t> forks;  ///< of a process: how often one of its threads has forked
  std::atomic<TaskState> state;
  std::atomic<std::uint32_t> exit_wanted;
  std::atomic<std::int32_t> pid;
  std::uint64_t minor = 0;  ///< of the operations it ran
  std::uint64_t major = 0;
  std::int64_t resident_at_start = 0;  ///< bytes: the child's own, before its first operation
  std::int64_t peak_resident = 0;
};

/// What one operation did.
struct OpResult {
  std::uint64_t address = 0;
  std::int64_t returned = 0;
  std::uint32_t minor = 0;
  std::uint32_t major = 0;
  std::int32_t error = 0;
  std::uint32_t ran = 0;
  std::uint64_t started_ns = 0;  ///< CLOCK_MONOTONIC; of measured operations
  std::uint64_t ended_ns = 0;
  std::int64_t fault_ns =
      0;  ///< of a timed access: what it took less what it takes again; 0: not timed
};

/// A question about page states, or about a file's pages in the page cache.
struct PageProbe {
  std::uint64_t op = 0;
  script::Place to;
  std::uint32_t process = 0;
  std::int64_t pages = 0;
  std::uint32_t file = script::kNone;  ///< not kNone: the question is about this file
};

/// Where a sysctl operation writes; Op::file is its index.
struct Setting {
  char path[124] = {};
  std::uint32_t is_word = 0;  ///< Op::n is a script::SettingWord
};

enum class Stage : std::uint32_t { Loading, Ready, Done, Refused };

struct Header {
  std::uint32_t magic = kMagic;
  Serve serve = Serve::Process;
  std::uint64_t bytes = 0;  ///< of the whole mapping
  std::uint64_t op_count = 0;
  std::uint64_t ops_at = 0, results_at = 0, tasks_at = 0, names_at = 0, files_at = 0, probes_at = 0,
                settings_at = 0;  ///< offsets from the header
  std::uint32_t task_count = 0, name_count = 0, file_count = 0, probe_count = 0;
  // What is asked for.
  std::uint32_t keep_going = 0, with_rss = 0, with_faults = 0, measure_each = 0, with_causes = 0,
                with_huge = 0, watch_growth = 0, settle = 0, has_swap = 0, warm_libc = 0,
                rest_after_major = 0, time_accesses = 0, lock_own = 0;
  /// 1: nobody ends before `next` is one more than the operations.
  std::uint32_t hold_at_end = 0;
  std::int32_t runner_pid = 0;
  std::int32_t log_fd = -1;
  std::uint32_t user_tracepoint = 0, kernel_tracepoint = 0;
  std::uint32_t address_offset = 8, error_code_offset = 24, ring_pages = 128;
  /// Bit by bit the members of child::Heap, in their order, that `library` exports.
  std::uint32_t exports = ~0u;
  char library[512] = {};       ///< the preloaded allocator; empty: none
  char memory_group[128] = {};  ///< directory of the run's memory cgroup; empty: none
  std::uint32_t memory_group_unified = 0;
  // What the child found.
  std::atomic<Stage> stage;
  std::atomic<std::uint64_t> next;       ///< the operation whose turn it is
  std::atomic<std::uint64_t> log_bytes;  ///< written to the log so far
  std::atomic<std::uint64_t> lost;       ///< perf samples the kernel dropped
  std::int32_t perf_error = 0;           ///< 0, or the errno of perf_event_open
  std::uint32_t kernel_mode = 0, error_codes = 0, has_pagemap = 0, has_kpageflags = 0;
  std::uint64_t zero_frame = 0;  ///< 0: frame numbers cannot be had
  std::uint64_t heap_base = 0, stack_base = 0, text_base = 0, globals_base = 0;
  std::uint64_t started_ns = 0, ended_ns = 0;
  std::uint64_t refused_op = 0;
  char refusal[256] = {};  ///< one sentence, when the stage is Refused
};

/// The log: records one after another, each with this head.
enum class RecordKind : std::uint32_t { Fault, Signal, Rss, Maps, Pages, Cached };
struct RecordHead {
  RecordKind kind{};
  std::uint32_t bytes = 0;  ///< of what follows
  std::uint64_t op = 0;
  std::uint32_t task = 0;
  std::uint32_t extra = 0;  ///< Pages, Cached: index of the probe; Maps: number of the piece
};

/// What could be seen of one fault.
struct FaultEvidence {
  enum Known : std::uint8_t {
    BeforeKnown = 1,
    AfterKnown = 2,
    CachedKnown = 4,
    Cached = 8,
    HugeKnown = 16,
    Huge = 32,
    KernelMode = 64
  };
  std::uint64_t address = 0;
  std::uint64_t instruction_pointer = 0;
  std::uint64_t time_ns = 0;
  std::uint64_t before = 0;        ///< pagemap entry of the page before the operation
  std::uint64_t after = 0;         ///< and after it
  std::uint64_t before_flags = 0;  ///< kpageflags of the frame before, where huge pages take part
  std::int32_t error_code = -1;
  std::uint8_t counted = 0;  ///< 0 no, 1 minor, 2 major
  std::uint8_t known = 0;
  std::uint16_t unused = 0;
};
struct FaultRecordOut {
  RecordHead head;
  FaultEvidence evidence;
};
struct SignalRecordOut {
  RecordHead head;
  pagesim::SignalInfo signal;
};
struct RssRecordOut {
  RecordHead head;
  pagesim::Rss change;
};

}  // namespace tools::run::child
