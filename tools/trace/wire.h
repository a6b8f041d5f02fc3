// The memory that recorded programs and the recorder share: rings of raw calls, one a thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

/// One file mapping, made by the recorder and mapped by every recorded process at its first call:
///
///     Header | ProcessEntry[] | Slot[] | links[] | Segment[]
///
/// A thread owns a slot from its first call to its end. It writes its calls into segments taken
/// from a pool that all share; `Segment::next` chains them in its order, and the recorder gives
/// them back, zeroed, when it has read them. A record is published by storing its first word, which
/// is never zero, so a program that is killed leaves every record it published.
///
/// Order. A call that takes memory is published after the allocator returned, a call that gives it
/// back before the allocator is entered: what happens before in the program is published before.
/// Each record belongs to an epoch: the value of Header::epoch its thread read last. The clock is
/// moved by a thread that wrote kEpochWords in one epoch, and by the recorder; reading it costs a
/// load, where a counter taken for every call would cost an exchange between the processors.
namespace tools::trace::wire {

inline constexpr std::uint64_t kMagic = 0x3165'7269'7774'6c66;  // "fltwire1"
inline constexpr char kAreaVariable[] = "FAULTLINE_RECORD_AREA";
inline constexpr std::uint32_t kProcesses = 16384;
inline constexpr std::uint32_t kSlots = 8192;
inline constexpr std::uint32_t kSegments = 32768;  ///< 2 GiB of addresses, filled as needed
inline constexpr std::size_t kSegmentBytes = 65536;
inline constexpr std::size_t kSegmentWords = kSegmentBytes / 8 - 1;
inline constexpr std::int32_t kFewSegments = 64;  ///< free: the recorder makes more
inline constexpr std::uint64_t kEpochWords = 128;
inline constexpr std::uint64_t kLongestRecord = 4;  ///< words, without the epoch before it
inline constexpr std::uint32_t kNone = 0xffff'ffff;

/// The low 4 bits of a record's first word.
enum class Tag : std::uint8_t {
  Malloc = 1,  ///< size:15 freed:1 address:44; the result; `freed` is set when it goes back at once
  Free,        ///< address
  Epoch,       ///< value:60
  ReallocBegin,  ///< address given up, published before the allocator is entered
  ReallocEnd,    ///< size:15 0:1 address:44; the result; the words before it say what was given up
  Calloc,        ///< size:15 0:1 address:44, then a word: count
  Codes,         ///< up to 15 of Code, 4 bits each, the lowest first; 0: none yet
  Call,          ///< call:8, then words n, m, result: any call the short records cannot hold
  Time,  ///< ns of CLOCK_MONOTONIC:60, of the record after it; where Header::timed asks for it
};

/// A call that says again what the thread's last Tag::Malloc record said: a block that goes back
/// and comes again costs a byte for both. Like `freed`, codes are added to a word that is published
/// already, as long as nothing follows it.
enum class Code : std::uint8_t {
  MallocAgain = 1,  ///< of the same size, at the same address
  FreeLast          ///< of that address
};
inline constexpr unsigned kCodeBits = 4;

/// Which call a Tag::Call record tells of. Free and ReallocBegin of an address too long for 44 bits
/// are calls as well; `result` is then the address given up.
enum class Call : std::uint8_t {
  Malloc,
  Free,
  ReallocBegin,
  ReallocEnd,
  Calloc,         ///< n: size, m: count
  Memalign,       ///< n: size, m: alignment
  AlignedAlloc,   ///< the same
  PosixMemalign,  ///< the same
  Valloc,
  Pvalloc,
  MallocTrim,  ///< n: pad, result: what was returned
  Mallopt,     ///< n: value, m: parameter, result: what was returned
  Fork,        ///< n: token, also in the child's ProcessEntry
  // The program's own memory, where Header::timed is set; published when the kernel has done it:
  Mmap,  ///< n: bytes, m: PROT_* and MAP_* << 8, result: where; private and anonymous
  /// n: bytes, m: ns of CLOCK_MONOTONIC before the call, result: where. Another thread may map
  /// memory there and publish that first: what was published after `m` is not what was unmapped.
  Munmap,
  Mprotect,  ///< n: bytes, m: PROT_*, result: where
  Madvise,   ///< n: bytes, m: MADV_*, result: where
  /// Memory that mremap moved, grew or shrank, and then where it is, in one thread with nothing in
  /// between. n: bytes before, m: as of Munmap, result: where it was.
  MremapFrom,
  MremapTo,  ///< n: bytes now, m: 0, result: where
};

/// A short record's fields: addresses are multiples of 8 below 2^47, sizes below 2^15.
inline constexpr std::uint64_t kShortSizes = 1u << 15;
inline constexpr unsigned kAddressBits = 47;
inline constexpr std::uint64_t kFreed = 1u << 19;

constexpr bool fits(std::uint64_t address) noexcept {
  return ((address & 7) | (address >> kAddressBits)) == 0;
}
constexpr std::uint64_t short_word(Tag tag, std::uint64_t size, std::uint64_t address) noexcept {
  return static_cast<std::uint64_t>(tag) | size << 4 | address << 17;
}
constexpr Tag tag_of(std::uint64_t word) noexcept { return static_cast<Tag>(word & 15); }
constexpr std::uint64_t size_of(std::uint64_t word) noexcept { return word >> 4 & 0x7fff; }
constexpr std::uint64_t address_of(std::uint64_t word) noexcept { return word >> 20 << 3; }

/// One image of one process: written once by it, then `ready`.
struct ProcessEntry {
  std::atomic<std::uint32_t> ready;
  std::int32_t pid;
  std::int32_t parent_pid;
  std::uint32_t forked_from;  ///< index of the entry it was forked from; kNone: it was executed
  std::uint64_t token;        ///< of the fork; 0: a clone no handler saw
  std::uint64_t heap_base;    ///< the break before its first call, bytes
  std::uint64_t joined;       ///< when it wrote this, ns of CLOCK_MONOTONIC
  std::uint32_t command_bytes;
  char command[464];  ///< as /proc/PID/cmdline has it: arguments end in a zero byte
};
static_assert(sizeof(ProcessEntry) == 512);

enum class SlotState : std::uint32_t { Free, Claiming, Claimed, Closing };

struct Slot {
  std::atomic<SlotState> state;  ///< forward by threads; back to Free by the recorder
  std::uint32_t process;         ///< index of its ProcessEntry
  std::uint32_t thread;          ///< counted from 0 in its process
  std::uint32_t first_segment;
};

struct Segment {
  std::atomic<std::uint32_t> next;  ///< index + 1; 0: the owner still writes here
  std::uint32_t unused;
  std::uint64_t words[kSegmentWords];
};
static_assert(sizeof(Segment) == kSegmentBytes);

struct Header {
  std::uint64_t magic;
  std::int32_t recorder_pid;
  std::uint32_t segment_limit;               ///< at most so many segments are used
  std::uint32_t timed;                       ///< 1: a Tag::Time comes before each record
  std::atomic<std::uint32_t> process_count;  ///< may run past kProcesses
  std::atomic<std::uint32_t> slots_used;     ///< no slot at or above this was ever claimed
  std::atomic<std::uint32_t> stopped;        ///< 1: the recorder reads no more
  std::atomic<std::uint32_t> lost_threads;   ///< found no free slot; their calls are missing
  std::atomic<std::uint64_t> last_token;
  alignas(64) std::atomic<std::uint64_t> epoch;
  alignas(64) std::atomic<std::uint32_t> sleeping;  ///< futex: 1 while the recorder waits
  alignas(64) std::atomic<std::uint64_t> free_top;  ///< changes:32, index + 1 of a free segment:32
  std::atomic<std::int32_t> free_count;             ///< about how many are free
  std::atomic<std::uint32_t> maker_sleeping;        ///< futex: 1 while the maker of segments waits
  std::atomic<std::uint32_t> fresh;                 ///< no segment at or above this was ever used
  std::atomic<std::uint32_t> freed;                 ///< futex: counts segments given back
  std::atomic<std::uint32_t> waiting;               ///< 1: a thread waits for `freed`
};

struct Area {
  Header header;
  char unused[kSegmentBytes - sizeof(Header)];
  ProcessEntry processes[kProcesses];
  Slot slots[kSlots];
  std::atomic<std::uint32_t> links[kSegments];  ///< free segments: index + 1 of the one below
  Segment segments[kSegments];
};
// A segment is whole pages of every machine when the mapping starts at one.
static_assert(offsetof(Area, segments) % kSegmentBytes == 0);

/// Takes a segment that was given back; kNone when there is none.
inline std::uint32_t pop_free(Area& area) noexcept {
  std::uint64_t top = area.header.free_top.load(std::memory_order_acquire);
  for (;;) {
    const auto index = static_cast<std::uint32_t>(top);
    if (index == 0) return kNone;
    const std::uint64_t below = area.links[index - 1].load(std::memory_order_relaxed);
    const std::uint64_t changed = (top >> 32) + 1;
    if (area.header.free_top.compare_exchange_weak(top, changed << 32 | below)) {
      area.header.free_count.fetch_sub(1, std::memory_order_relaxed);
      return index - 1;
    }
  }
}

/// Gives back a zeroed segment.
inline void push_free(Area& area, std::uint32_t index) noexcept {
  std::uint64_t top = area.header.free_top.load(std::memory_order_acquire);
  for (;;) {
    area.links[index].store(static_cast<std::uint32_t>(top), std::memory_order_relaxed);
    const std::uint64_t changed = (top >> 32) + 1;
    if (area.header.free_top.compare_exchange_weak(top, changed << 32 | (index + 1))) {
      area.header.free_count.fetch_add(1, std::memory_order_relaxed);
      return;
    }
  }
}

}  // namespace tools::trace::wire
