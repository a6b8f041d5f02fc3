// What a trace tells: processes, and the allocator calls each of them made.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "tools/script/op.h"

namespace tools::trace {

/// A file that is no trace, a program that cannot be recorded: one sentence, naming the remedy.
class TraceError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Blocks are counted from 1 in each process, in the order in which calls returned them; a forked
/// child counts on from its parent's fork.
using BlockNumber = std::uint64_t;
inline constexpr BlockNumber kNoBlock = 0;

/// One allocator call (or fork, or first touch) of one process; or what it did with memory of its
/// own, each mapping of which is a block.
struct Event {
  /// Malloc ... Mallopt, Fork, Mmap, Munmap, Mprotect, Madvise, Mremap, and Read or Write for a
  /// touch of a page that was not there.
  script::Verb verb = script::Verb::Malloc;
  bool inferred = false;         ///< a Free that was not seen: the address was handed out again
  std::uint32_t thread = 0;      ///< in its process, 0 is the first that made a call
  BlockNumber block = kNoBlock;  ///< allocated; of Free, Read, Write, Munmap and kin: the one
                                 ///< meant. kNoBlock: it failed
  BlockNumber old_block =
      kNoBlock;         ///< Realloc: given up (if `block` or n == 0), else kept; Mremap: given up
  std::uint64_t n = 0;  ///< bytes; malloc_trim: pad; mallopt: value; Fork: index of the child's
                        ///< ProcessInfo or kNoChild; Read, Write, Munmap and kin: byte offset in
                        ///< the block
  std::uint64_t m =
      0;  ///< calloc: count; memalign and kin: alignment; mallopt: parameter; Mmap:
          ///< PROT_* and MAP_* << 8; Munmap and kin: see Stretch, Mremap too: of all the old block
  std::uint64_t address = 0;  ///< what the recorded allocator returned; 0 where not kept
  std::uint64_t time = 0;     ///< ns of CLOCK_MONOTONIC, while it is recorded; no file keeps it

  /// Of what allocates: the bytes asked for.
  [[nodiscard]] constexpr std::uint64_t bytes_asked() const noexcept {
    return verb == script::Verb::Calloc ? n * m : n;
  }
  friend bool operator==(const Event&, const Event&) = default;
};
inline constexpr std::uint64_t kNoChild = ~std::uint64_t{0};

[[nodiscard]] constexpr bool is_touch(script::Verb verb) noexcept {
  return verb == script::Verb::Read || verb == script::Verb::Write;
}
/// Munmap, Mprotect and Madvise: of a part of a mapping, or of all of it.
[[nodiscard]] constexpr bool changes_mapping(script::Verb verb) noexcept {
  return verb == script::Verb::Munmap || verb == script::Verb::Mprotect ||
         verb == script::Verb::Madvise;
}
/// What such an event has in `m`: whole pages, and in the bits below a page PROT_* or MADV_*.
struct Stretch {
  static constexpr std::uint64_t kSmallestPage = 4096;

  std::uint64_t bytes = 0;
  std::uint64_t value = 0;

  [[nodiscard]] static constexpr Stretch of(std::uint64_t m) noexcept {
    return {m & ~(kSmallestPage - 1), m & (kSmallestPage - 1)};
  }
  [[nodiscard]] constexpr std::uint64_t packed() const noexcept { return bytes | value; }
};
[[nodiscard]] constexpr bool allocates(script::Verb verb) noexcept {
  return verb <= script::Verb::Pvalloc || verb == script::Verb::Mmap ||
         verb == script::Verb::Mremap;
}

/// One image of one process: a program from its start, or from a fork, to its end or the next exec.
struct ProcessInfo {
  std::int32_t pid = 0;
  std::int32_t parent_pid = 0;
  std::int64_t forked_from = -1;    ///< index of the process it was forked from; -1: executed
  std::int64_t executed_from = -1;  ///< index of the image that executed it or started it; -1: none
  BlockNumber first_block = 1;      ///< the first block of its own
  std::uint64_t fork_event = 0;     ///< forked: how many events of its parent lie before it
  std::uint64_t heap_base = 0;      ///< the break before its first call
  std::vector<std::string> command{};
  std::uint64_t events = 0;
  std::uint32_t threads = 0;
};

/// What was recorded, of whom, where.
struct TraceInfo {
  std::vector<std::string> command{};
  std::uint64_t page_size = 4096;
  std::string machine{};   ///< uname -m
  std::string kernel{};    ///< uname -r
  bool touches = false;    ///< touches that faulted were recorded
  bool addresses = false;  ///< what the allocator returned was kept
};

}  // namespace tools::trace
