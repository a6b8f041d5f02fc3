// What happens to memory: one operation of a script or of a recorded trace, ready to be run.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "pagesim/ledger.h"

namespace tools::script {

/// The verbs of the language (design: the script language), in the order of its sections.
enum class Verb : std::uint8_t {
  // allocator calls
  Malloc,
  Calloc,
  Realloc,
  Memalign,
  AlignedAlloc,
  PosixMemalign,
  Valloc,
  Pvalloc,
  Free,
  MallocTrim,
  Mallopt,
  // address space
  Mmap,
  Munmap,
  Mprotect,
  Mremap,
  Madvise,
  Mlock,
  Munlock,
  Msync,
  Mincore,
  Brk,
  // files, swap, kernel settings
  File,
  Cache,
  Evict,
  Truncate,
  Punch,
  Fsync,
  Sync,
  Rewrite,
  Swapout,
  Sysctl,
  KsmScan,
  NumaScan,
  // loads, stores, kernel copies
  Read,
  Write,
  Update,
  CasFail,
  Exec,
  Prefetch,
  Copy,
  Fill,
  SysRead,
  SysWrite,
  DirectRead,
  VmRead,
  VmWrite,
  MemWrite,
  // processes and threads
  Fork,
  VforkWrite,
  Exit,
  Thread,
  Join
};

/// What a place is counted from.
enum class Base : std::uint8_t {
  Absolute,  ///< @0x1000: `offset` is the address
  Name,      ///< the first byte of what `name` is bound to in the process that runs the line
  Heap,      ///< the page-aligned break before the script's first brk or allocator call
  Stack,     ///< the lowest address of the stack mapping when the script starts
  Text       ///< the first byte of the program's own code
};

inline constexpr std::uint32_t kNone = 0xffff'ffff;

/// What a store of the script leaves in every byte it writes: not zero, so that a written page is
/// never taken for an empty one.
inline constexpr std::uint8_t kStoredByte = 0xa5;

/// A byte, resolved when the line runs: base + offset (bytes, may be negative).
struct Place {
  Base base = Base::Absolute;
  std::uint32_t name = kNone;  ///< index into Program::names
  std::int64_t offset = 0;

  friend bool operator==(const Place&, const Place&) = default;
};

/// Bits of Op::flags. Which verbs know which is said at the verb in the script language.
namespace flag {
enum Flag : std::uint32_t {
  Shared = 1u << 0,     ///< mmap: shared, else private
  Anonymous = 1u << 1,  ///< mmap: anon, else Op::file
  Populate = 1u << 2,
  Noreserve = 1u << 3,
  Locked = 1u << 4,
  Growsdown = 1u << 5,
  Hugetlb = 1u << 6,
  Nonblock = 1u << 7,
  Fixed = 1u << 8,
  HasAddress = 1u << 9,  ///< mmap, mremap: `at PLACE` is in Op::from
  Maymove = 1u << 10,
  Dontunmap = 1u << 11,
  Onfault = 1u << 12,     ///< mlock
  Reverse = 1u << 13,     ///< read, write: descend
  Sparse = 1u << 14,      ///< file
  Bulk = 1u << 15,        ///< file
  Tmpfs = 1u << 16,       ///< file: on tmpfs, else on disk
  ZeroSource = 1u << 17,  ///< sys_read: from /dev/zero, else Op::file
  NullSink = 1u << 18,    ///< sys_write: to /dev/null
  PipeSink = 1u << 19,    ///< sys_write: to a pipe
  WholeFile = 1u << 20    ///< cache, evict: no page range was given
};
}  // namespace flag

/// One operation. Plain data: programs are handed to other processes as bytes.
///
/// A range is a place and a count: pages to + i * step * page size for i * step < pages, `pages`
/// counted from the range's first page. kWholeRange stands for all of a name's block, whose length
/// is known only when the line runs; 0 marks a place, an access of n bytes.
///
/// What the verbs mean where the language leaves it open, on every machine alike:
/// - read and write of a range touch one byte in each page, the first counted from the block's own
///   first byte; of a whole block also its last byte, if that lies in a page not touched yet. The
///   line ends at the first signal.
/// - A step above 1 on a system call's range makes one call for each page.
/// - A store writes kStoredByte in every byte; what update leaves is undefined; cas_fail stores
/// nothing.
/// - copy and fill are one `rep movsb`, one `rep stosb`: ascending.
/// - sys_read, sys_write and direct_read start at byte 0 of the file; a pipe is drained by its
///   other end. vm_read, vm_write and mem_write take `to` in the peer's address space.
/// - exit ends `peer`, whoever runs the line; main and the running task itself are not its objects.
/// - realloc binds `result` and ends the name in `to`, unless the call failed or both are one name.
struct Op {
  static constexpr std::int64_t kWholeRange = -1;

  Place to;             ///< the place, or the first byte of the range's first page
  Place from;           ///< copy: the source; mmap, mremap: at PLACE
  std::uint64_t n = 0;  ///< bytes: malloc N, mmap N, read PLACE N, mremap N; the value of mallopt,
                        ///< brk and malloc_trim (two's complement); rewrite: the page
  std::uint64_t m = 0;  ///< calloc COUNT, ALIGN; mmap: byte offset in the file; mallopt: param
  std::int64_t pages = 0;        ///< length of the range in pages; see above
  std::uint32_t step = 1;        ///< every step-th page
  std::uint32_t result = kNone;  ///< name that is assigned
  std::uint32_t file = kNone;    ///< index into Program::files; sysctl: into Program::settings.
                                 ///< cache, evict, punch: `to.offset` is a byte of the file
  std::uint32_t peer = kNone;  ///< fork, exit, thread, join, vm_*, mem_write: index into processes
  std::uint32_t line = 0;      ///< of the script, from 1; a trace's event number
  std::uint32_t flags = 0;
  std::uint16_t process = 0;  ///< who runs it: index into Program::processes, 0 is main
  Verb verb = Verb::Read;
  std::uint8_t prot = 0;    ///< PROT_READ | PROT_WRITE | PROT_EXEC
  std::int32_t advice = 0;  ///< madvise: MADV_*

  friend bool operator==(const Op&, const Op&) = default;
};
static_assert(std::is_trivially_copyable_v<Op>);

/// A process or a thread of the script.
struct Task {
  std::string name;              ///< main is "main"
  std::uint32_t parent = kNone;  ///< who forks or starts it
  bool is_thread = false;

  friend bool operator==(const Task&, const Task&) = default;
};

/// The value of a setting that is a word (`sysctl thp_enabled madvise`), in Op::n.
enum class SettingWord : std::uint8_t { Never, Madvise, Always, Inherit };

/// `expect fault PLACE read|write|execute minor|major|signal CAUSE [error_code N]`: the next one of
/// the operation's faults.
struct ExpectedFault {
  Place place;
  pagesim::Access access = pagesim::Access::Read;
  pagesim::Outcome outcome = pagesim::Outcome::Minor;
  pagesim::Cause cause = pagesim::Cause::Unknown;
  std::optional<std::uint64_t> error_code;  ///< holds where the machine does not tell it

  friend bool operator==(const ExpectedFault&, const ExpectedFault&) = default;
};

/// What a line is expected to cost (`expect ...`), checked by verify on both machines.
struct Expectation {
  std::size_t op = 0;  ///< index of the operation it follows
  std::uint32_t line = 0;
  std::string text;  ///< as written after `expect`
  std::optional<std::uint64_t> minor;
  std::optional<std::uint64_t> major;
  std::optional<std::int64_t> rss_anon, rss_file, rss_shmem, rss_swap;  ///< bytes, signed change
  std::optional<std::int64_t> page_tables;  ///< bytes of VmPTE, signed change
  std::optional<std::string> signal;        ///< SIGSEGV, SIGBUS, SIGABRT, none
  std::optional<std::string> signal_code;   ///< MAPERR, ACCERR, ADRERR, KERNEL
  std::optional<std::int64_t> returned;     ///< `expect returned N`: OpOutcome::returned
  std::optional<std::string> error;         ///< `expect error EFAULT`; none
  std::optional<ExpectedFault> fault;
  std::optional<Place> at;               ///< `expect at PLACE`: what the call returned
  std::optional<Place> pages_of;         ///< expect pages PLACE STATE...: consecutive pages
  std::vector<std::string> page_states;  ///< absent, zero, anon, anon_shared, ...; "-" is absent

  friend bool operator==(const Expectation&, const Expectation&) = default;
};

/// A whole script or trace.
struct Program {
  std::string path;          ///< as the user named it, for messages
  unsigned page_shift = 12;  ///< of the machine it was read for
  std::vector<Op> ops;
  std::vector<std::string> names;
  std::vector<std::string> files;
  std::vector<std::string> settings;  ///< sysctl names; the value is in Op::n
  std::vector<Task> processes;        ///< [0] is main
  std::vector<Expectation> expectations;
  std::vector<std::string> source;  ///< the script's lines, [0] is line 1; empty for a trace

  [[nodiscard]] bool has(Verb verb) const noexcept {
    return std::any_of(ops.begin(), ops.end(), [verb](const Op& op) { return op.verb == verb; });
  }
};

/// The verb as written in scripts: "posix_memalign".
[[nodiscard]] std::string_view to_string(Verb verb) noexcept;

inline constexpr std::size_t kVerbs = static_cast<std::size_t>(Verb::Join) + 1;

}  // namespace tools::script
