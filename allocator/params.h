// malloc_par: the process-wide parameters and counters of the allocator, as they lie in M.
#pragma once

#include <cstddef>
#include <cstdint>

#include "allocator/arena.h"
#include "allocator/view.h"

namespace allocator {

/// Where the process-wide records lie in M::globals(). The layout is this project's own.
inline constexpr std::size_t kMainArenaAt = 0;
inline constexpr std::size_t kParamsAt = 2240;
inline constexpr std::size_t kRecordBytes = kParamsAt + 328;  ///< what of it is used

/// malloc_par (section 3), plus what else is one for the process: the arenas' lists.
template <ReadableMemory M>
class Params : public RecordView<M> {
  template <class T, std::size_t Offset>
  using Word = typename RecordView<M>::template Word<T, Offset>;
  template <class T, std::size_t Offset>
  using SharedWord = typename RecordView<M>::template SharedWord<T, Offset>;

 public:
  explicit Params(M memory) : RecordView<M>{memory, memory.globals() + kParamsAt} {}

  // The first line of cache is what free asks on its fast path.
  static constexpr Word<std::uint64_t, 0> kTcacheKey{};
  static constexpr Word<std::uint64_t, 8> kTcacheBins{};
  static constexpr Word<std::uint64_t, 16> kTcacheCount{};
  static constexpr Word<std::uint64_t, 24> kTcacheUnsortedLimit{};
  static constexpr SharedWord<std::uint64_t, 32> kMaxFast{};  ///< largest chunk put in fastbins
  static constexpr SharedWord<std::uint64_t, 40> kPerturb{};
  static constexpr Word<std::uint64_t, 48> kInitialized{};

  static constexpr SharedWord<std::uint64_t, 64> kTrimThreshold{};
  static constexpr SharedWord<std::uint64_t, 72> kTopPad{};
  static constexpr SharedWord<std::uint64_t, 80> kMmapThreshold{};
  static constexpr SharedWord<std::uint64_t, 88> kNoDynThreshold{};
  static constexpr SharedWord<std::uint64_t, 96> kMmaps{};  ///< n_mmaps
  static constexpr SharedWord<std::uint64_t, 104> kMmapsMax{};
  static constexpr SharedWord<std::uint64_t, 112> kMaxMmaps{};  ///< most there ever were
  static constexpr SharedWord<std::uint64_t, 120> kMmappedMem{};
  static constexpr SharedWord<std::uint64_t, 128> kMaxMmappedMem{};
  static constexpr Word<VirtAddr, 136> kSbrkBase{};
  static constexpr Word<std::uint64_t, 144> kBreakKnown{};  ///< the kernel was asked for the break
  static constexpr SharedWord<std::uint64_t, 152> kThpSize{};
  static constexpr Word<std::uint64_t, 160> kHugeSize{};
  static constexpr Word<std::uint64_t, 168> kHugeFlags{};
  static constexpr SharedWord<std::uint64_t, 176> kOvercommitNever{};  ///< 0 not asked, 1 no, 2 yes

  static constexpr Word<std::uint64_t, 184> kArenaTest{};
  static constexpr Word<std::uint64_t, 192> kArenaMax{};
  static constexpr SharedWord<std::uint64_t, 200> kArenas{};  ///< main included
  static constexpr Word<std::uint64_t, 208> kArenasLimit{};   ///< 0: not computed
  static constexpr Word<VirtAddr, 216> kFreeArenas{};
  static constexpr Word<VirtAddr, 224> kNextToUse{};
  static constexpr Word<VirtAddr, 232> kAlignedSpare{};  ///< aligned_heap_area
  static constexpr std::size_t kListLock = 240;          ///< the ring and the free list
  static constexpr std::size_t kMmapLock = 244;          ///< the counters of mmapped chunks
  static constexpr std::size_t kSpareLock = 248;         ///< kAlignedSpare
  // NOLINTNEXTLINE(bugprone-dynamic-static-initializers): constexpr is never dynamic
  static constexpr SharedWord<std::uint64_t, 256> kThpAsked{};  ///< kThpSize is the kernel's word
  // NOLINTNEXTLINE(bugprone-dynamic-static-initializers)
  static constexpr SharedWord<std::uint64_t, 264> kTrimmed{};  ///< bytes, since the last growth

  // The knobs of the policy Faultline, which alone reads them (policy.h, knobs.h).
  // NOLINTBEGIN(bugprone-dynamic-static-initializers): as above
  static constexpr Word<std::uint64_t, 272> kHugeFrom{};
  static constexpr Word<std::uint64_t, 280> kListBytes{};
  static constexpr Word<std::uint64_t, 288> kDepotShare{};
  static constexpr Word<std::uint64_t, 296> kRetain{};
  static constexpr Word<std::uint64_t, 304> kIdle{};            ///< milliseconds
  static constexpr SharedWord<std::uint64_t, 312> kWasLarge{};  ///< an arena reached kIdleFrom
  static constexpr SharedWord<std::uint64_t, 320> kCrowded{};   ///< a thread left a crowded arena
  // NOLINTEND(bugprone-dynamic-static-initializers)

  [[nodiscard]] VirtAddr list_lock() const noexcept { return this->at() + kListLock; }
  [[nodiscard]] VirtAddr mmap_lock() const noexcept { return this->at() + kMmapLock; }
  [[nodiscard]] VirtAddr spare_lock() const noexcept { return this->at() + kSpareLock; }
  static_assert(kParamsAt + 320 + 8 == kRecordBytes);
};
static_assert(kParamsAt >= kArenaBytes && kRecordBytes <= kGlobalsBytes);

/// What each thread has in M::thread_locals().
template <ReadableMemory M>
class ThreadRecord : public View<M> {
 public:
  explicit ThreadRecord(M memory) : View<M>{memory, memory.thread_locals()} {}

  [[nodiscard]] VirtAddr tcache() const { return this->get(kTcache); }
  void set_tcache(VirtAddr block) const { this->set(kTcache, block); }
  [[nodiscard]] bool tcache_shut_down() const { return this->get(kShutDown) != 0; }
  void shut_tcache_down() const { this->set(kShutDown, 1); }
  [[nodiscard]] Arena<M> arena() const { return {this->memory(), this->get(kArena)}; }
  void set_arena(Arena<M> arena) const { this->set(kArena, arena.at()); }

  /// Takes a lock of the thread's arena, and minds whether others held it.
  void lock(VirtAddr at) const {
    const M m = this->memory();
    if (m.try_lock(at)) return note_served(1);
    this->set(kWaited, this->get(kWaited) + kOddsOfCrowd);
    m.lock(at);
  }
  /// The thread got n blocks and waited for nobody.
  void note_served(std::uint32_t n) const {
    const std::uint64_t waited = this->get(kWaited);
    if (waited != 0) this->set(kWaited, waited < n ? 0 : waited - n);
  }
  /// Of the last ten thousands of blocks, it waited for more than one in kOddsOfCrowd; of the last
  /// thousands, where other threads have left a crowd before.
  [[nodiscard]] bool is_crowded() const {
    const std::uint64_t waited = this->get(kWaited);
    if (waited <= kMostWaitedAgain) return false;
    const Params<M> par{this->memory()};
    return waited > kMostWaited || par[Params<M>::kCrowded] != 0;
  }
  void forget_crowd() const { this->set(kWaited, 0); }

 private:
  // Measured on two processors: loops of blocks that no list holds wait at 13 to 30% of the locks,
  // the bench's workloads at 4 to 9%, where one may serve a whole list. With 4096 in place of 32768
  // a heap that two threads build up at once was split too, for up to half as much memory again.
  static constexpr std::uint64_t kOddsOfCrowd = 16;
  static constexpr std::uint64_t kMostWaited = 32768;
  static constexpr std::uint64_t kMostWaitedAgain = 4096;  ///< once a thread has left a crowd
  static constexpr Field<VirtAddr, 0, Writer::ArenaRecord> kTcache{};
  static constexpr Field<std::uint64_t, 8, Writer::ArenaRecord> kShutDown{};
  static constexpr Field<VirtAddr, 16, Writer::ArenaRecord> kArena{};
  static constexpr Field<std::uint64_t, 24, Writer::ArenaRecord> kWaited{};
};

}  // namespace allocator
