// What one personality of the allocator does differently: the constants of glibc 2.36.
#pragma once

#include <cstddef>
#include <cstdint>

namespace allocator {

/// glibc 2.36 on x86-64 (spec/ptmalloc section 1).
struct Glibc236 {
  static constexpr std::size_t kTcacheBins = 64;    ///< chunk sizes 32, 48, ... 1040
  static constexpr std::size_t kTcacheDepth = 7;    ///< chunks a tcache bin holds
  static constexpr std::size_t kTcacheBlock = 640;  ///< bytes requested for the thread's block
  static constexpr std::size_t kTcacheMaxRequest = 1032;
  static constexpr std::size_t kMaxTcacheCount = 65535;  ///< largest glibc.malloc.tcache_count
  static constexpr std::size_t kFastLimit = 128;       ///< largest chunk put in fastbins by default
  static constexpr std::size_t kMaxFastRequest = 160;  ///< largest M_MXFAST accepted
  static constexpr std::size_t kTrimCheck = 65536;     ///< merged size that tries a trim
  static constexpr std::size_t kTrimThreshold = 131072;
  static constexpr std::size_t kTopPad = 131072;
  static constexpr std::size_t kMmapThreshold = 131072;
  static constexpr std::size_t kMaxMmapThreshold = 32UL << 20;  ///< the dynamic threshold's ceiling
  static constexpr std::size_t kMmapMax = 65536;
  static constexpr std::size_t kMmapAsMorecore = 1UL
                                                 << 20;  ///< least length mapped for a failed brk
  static constexpr std::size_t kHeapMin = 32768;         ///< smallest first size of a mapped heap
  static constexpr std::size_t kHeapMax = 64UL
                                          << 20;  ///< a mapped heap's reservation and alignment
  static constexpr std::size_t kHeapHeader = 48;
  static constexpr std::size_t kArenaRecord = 2200;
  static constexpr std::size_t kArenaTest = 8;
  /// The most arenas on a machine of so many processors.
  [[nodiscard]] static constexpr std::size_t arenas_for(std::size_t cpus) { return cpus * 8; }
  static constexpr unsigned kUnsortedPass = 10000;  ///< chunks binned in one pass
  static constexpr bool kTcache = true;             ///< the thread cache is glibc's (tcache.h)
  static constexpr bool kLeavesCrowds = false;      ///< a thread leaves a crowded arena
  /// What was trimmed and then asked for again is trimmed no more: the threshold rises above it.
  static constexpr bool kLearnsToRetain = false;
  /// Arenas from this size on grow by huge pages where the kernel leaves that to madvise; 0: never,
  /// unless the tunable hugetlb asks for it.
  static constexpr std::size_t kHugeFrom = 0;
  /// 2.35 to 2.37 call the mmap fallback with rounding and minimum swapped (section 10.2).
  static constexpr bool kSwappedFallback = true;
};

/// The same chunks, bins and arenas, kept for a program that will want them again: what a thread
/// frees goes to its own cache (thread_cache.h) and from there, in batches, to a depot that all
/// threads take from (depot.h); chunks are merged when memory runs short, not when they are freed;
/// and the kernel gets memory back late.
struct Faultline : Glibc236 {
  static constexpr bool kTcache = false;
  static constexpr std::size_t kTcacheBins = 0;
  static constexpr std::size_t kTcacheBlock = 112 * 24;  ///< ThreadCache::kBytes
  static constexpr std::size_t kTcacheMaxRequest = 0;
  static constexpr std::size_t kFastLimit = 0;  ///< the depot has the fastbins' part
  static constexpr std::size_t kArenaRecord =
      2256 + 2 * 960;  ///< with the arena's depots behind it
  /// What a thread's list of one class holds at most, in bytes.
  static constexpr std::size_t kListBytes = 3072;
  /// An arena that runs short has what the thread's cache and the depot keep merged, rather than
  /// grow, when that is more than one part in so many of it. 0: when there is anything.
  static constexpr std::size_t kDepotShare = 64;
  static constexpr std::size_t kKeptAtLeast = 128UL << 10;  ///< ... and more than so many bytes
  /// What the depot of other processors has at least before a thread takes from it.
  static constexpr std::size_t kKeptByOthers = 32UL << 10;
  /// Threads meet in an arena once a list, not once a call, so that two processors share one; and
  /// every arena more is a heap more with room of its own. Where threads do wait for each other
  /// there, since their blocks are too large for lists, those that wait get arenas of their own.
  static constexpr bool kLeavesCrowds = true;
  [[nodiscard]] static constexpr std::size_t arenas_for(std::size_t cpus) {
    return cpus < 4 ? 1 : cpus / 2;
  }
  static constexpr std::size_t kArenaTest = 0;
  static constexpr std::size_t kTrimThreshold = 2UL << 20;
  static constexpr bool kLearnsToRetain = true;
  static constexpr std::size_t kMmapThreshold = 1UL << 30;
  /// Once nothing has happened for so many milliseconds, a process whose arena is of at least
  /// kIdleFrom bytes gives all whole free pages back. 0: never.
  static constexpr std::size_t kIdle = 1000;
  static constexpr std::size_t kIdleFrom = 16UL << 20;
  static constexpr std::size_t kHugeFrom = 4UL << 20;  ///< and where they are used (huge.h)
};

}  // namespace allocator
