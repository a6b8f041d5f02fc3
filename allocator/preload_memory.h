// ProcessMemory: the process's memory as the preloaded library uses it, threads and fork included.
#pragma once

#include "allocator/faultline.h"
#include "allocator/malloc.h"
#include "allocator/real_memory.h"

namespace allocator {

/// What the library remembers of each thread, besides the allocator's own record.
struct PreloadThread {
  bool begun = false;    ///< its first call was seen: begin_thread ran
  bool forking = false;  ///< between the two halves of a fork, holding every lock
  VirtAddr cache{};      ///< the thread's cache while it is hidden from the fast paths

  /// By its name in the debugging information `faultline compare` tells the writer of this store.
  void set_forking(bool now) noexcept { forking = now; }
};

#ifdef ALLOCATOR_FAULTLINE
inline constexpr std::size_t kGlobalsUsed = kDepotAt + kDepots * kDepotBytes;
#else
inline constexpr std::size_t kGlobalsUsed = kRecordBytes;
#endif

/// All the library writes to lies on one page, with what the loader relocates: a process, and each
/// child of fork, takes one fault for it.
struct PreloadStorage {
  [[gnu::visibility("hidden")]] alignas(
      64) static inline constinit std::array<std::byte, kGlobalsUsed> globals{};
  [[gnu::visibility("hidden"),
    gnu::tls_model("initial-exec")]] static inline constinit thread_local PreloadThread thread{};
#ifdef ALLOCATOR_FAULTLINE
  /// The idle thread's number, which the kernel clears at its end; and that there was one, so that
  /// the arenas have to be locked though the C library knows of no second thread.
  [[gnu::visibility("hidden")]] static inline constinit int idle_tid = 0;
  [[gnu::visibility("hidden")]] static inline constinit bool accompanied = false;
#endif
};

void start_idle_thread() noexcept;  // preload_idle.h

/// RealMemory as a library that speed matters to.
struct ProcessMemory : RealMemory {
#ifdef ALLOCATOR_FAULTLINE
  [[nodiscard]] bool single_threaded() const noexcept {
    return RealMemory::single_threaded() && !PreloadStorage::accompanied;
  }
  /// Blocks came back to an arena, which is no longer held, of a heap that is or was large.
  static void note_return() noexcept {
    if (__atomic_load_n(&PreloadStorage::idle_tid, __ATOMIC_RELAXED) == 0) start_idle_thread();
  }
#endif
  /// Small blocks, the most of calloc's, without a call.
  void fill(VirtAddr at, std::uint8_t byte, std::size_t n, AccessTag tag) const noexcept {
    constexpr std::size_t kStep = 16;
    if (n < kStep || n > 4 * kStep) return RealMemory::fill(at, byte, n, tag);
    RealMemory::fill(at, byte, kStep, tag);
    RealMemory::fill(at + n - kStep, byte, kStep, tag);
    if (n <= 2 * kStep) return;
    RealMemory::fill(at + kStep, byte, kStep, tag);
    RealMemory::fill(at + n - 2 * kStep, byte, kStep, tag);
  }
  [[nodiscard]] VirtAddr globals() const noexcept {
    return VirtAddr{std::bit_cast<std::uint64_t>(PreloadStorage::globals.data())};
  }
};
static_assert(MemoryBackend<ProcessMemory>);

/// One interface, two allocators: libptmalloc.so, and libfaultline.so, compiled with
/// ALLOCATOR_FAULTLINE.
#ifdef ALLOCATOR_FAULTLINE
using ProcessPolicy = Faultline;
using ProcessHeap = FaultlineMalloc<ProcessMemory>;
#else
using ProcessPolicy = Glibc236;
using ProcessHeap = Malloc<ProcessMemory>;
#endif
inline constexpr ProcessHeap kHeap{ProcessMemory{}};

/// User pointers on the C side.
[[nodiscard]] inline void* to_pointer(VirtAddr user) noexcept {
  return std::bit_cast<void*>(user.raw());
}
[[nodiscard]] inline VirtAddr to_address(const void* p) noexcept {
  return VirtAddr{std::bit_cast<std::uint64_t>(p)};
}

}  // namespace allocator
