// Malloc<M, Policy>: the calls of malloc(3) over any memory.
#pragma once

#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "allocator/arenas.h"
#include "allocator/core.h"
#include "allocator/heap.h"
#include "allocator/huge.h"
#include "allocator/init.h"
#include "allocator/int_free.h"
#include "allocator/int_malloc.h"
#include "allocator/int_memalign.h"
#include "allocator/int_realloc.h"
#include "allocator/knobs.h"
#include "allocator/merge_depot.h"
#include "allocator/mmapped.h"
#include "allocator/policy.h"
#include "allocator/stats.h"
#include "allocator/sysmalloc.h"
#include "allocator/trim.h"
#include "allocator/tunables.h"
#include "allocator/unsorted.h"

namespace allocator {

/// The allocator. Holds nothing but its handle: make one wherever there is an M. Addresses are user
/// pointers; null is null. Calls fail with null and M's error() as errno, exactly as glibc does
/// (spec/ptmalloc sections 12, 13 and 15).
template <MemoryBackend M, class Policy = Glibc236>
class Malloc {
  using Core = allocator::Core<M, Policy>;
  using Arena = allocator::Arena<M>;
  using Chunk = allocator::Chunk<M>;
  using Params = allocator::Params<M>;
  using Tcache = allocator::Tcache<M>;

 public:
  constexpr explicit Malloc(M memory) noexcept : m_{memory} {}

  [[nodiscard]] VirtAddr malloc(std::size_t n) const {
    note(m_, Decision::Request, n, bytes(padded_size(n)));
    if constexpr (!Policy::kTcache) return VirtAddr{malloc_uncached(m_, n)};
    const Tcache tcache = Tcache::of_thread(m_);
    if (tcache.is_null()) [[unlikely]]
      return VirtAddr{malloc_slow(m_, n)};
    if (n > Policy::kTcacheMaxRequest) {
      note(m_, Decision::CacheUnused);
      return VirtAddr{malloc_uncached(m_, n)};
    }
    const std::size_t index = tcache_index_of(n);
    const std::size_t count = tcache.count(index);
    if (count == 0) [[unlikely]] {
      note(m_, Decision::CacheEmpty, index);
      return VirtAddr{malloc_uncached(m_, n)};
    }
    const VirtAddr user = tcache.head(index);
    if (!user.is_aligned(kAlignment)) [[unlikely]]
      return VirtAddr{malloc_slow(m_, n)};
    note(m_, Decision::CacheHit, index, count - 1, user.raw() - kChunkHeader);
    tcache.remove_head(index, user);
    return user;
  }
  void free(VirtAddr user) const {
    if (user.is_null()) return note(m_, Decision::FreeNull);
    if constexpr (!Policy::kTcache) return free_uncached(m_, user);
    const Tcache tcache = Tcache::of_thread(m_);
    if (tcache.is_null() || !user.is_aligned(kAlignment)) [[unlikely]]
      return free_slow(m_, user);
    // M clear and a tcache class: one rotation and one comparison tell both.
    const std::uint64_t head = Chunk::of_user(m_, user).head() & ~(kPrevInuse | kNonMainArena);
    note(m_, Decision::FreeChunk, user.raw() - kChunkHeader, head & ~kSizeBits);
    const std::size_t index = std::rotr(head - kMinSize, 4);
    const Params par{m_};
    if (index >= par[Params::kTcacheBins]) {
      if ((head & kIsMmapped) == 0) note(m_, Decision::CacheUnused);
      return free_uncached(m_, user);
    }
    const std::uint64_t key = par[Params::kTcacheKey];
    if (Tcache::key_of(m_, user) == key) [[unlikely]]
      return free_slow(m_, user);
    const std::size_t count = tcache.count(index);
    if (count >= par[Params::kTcacheCount]) {
      note(m_, Decision::CacheFull, index, count);
      return free_uncached(m_, user);
    }
    note(m_, Decision::CachePut, index, count);
    tcache.put(index, user, key);
  }
  [[nodiscard]] VirtAddr calloc(std::size_t count, std::size_t size) const;
  [[nodiscard]] VirtAddr realloc(VirtAddr user, std::size_t n) const;
  [[nodiscard]] VirtAddr memalign(std::size_t alignment, std::size_t n) const;
  [[nodiscard]] VirtAddr aligned_alloc(std::size_t alignment, std::size_t n) const {
    return memalign(alignment, n);
  }
  /// 0, EINVAL or ENOMEM; `out` is set only with 0.
  [[nodiscard]] int posix_memalign(VirtAddr& out, std::size_t alignment, std::size_t n) const;
  [[nodiscard]] VirtAddr valloc(std::size_t n) const { return memalign(m_.page_size(), n); }
  [[nodiscard]] VirtAddr pvalloc(std::size_t n) const;
  [[nodiscard]] std::size_t malloc_usable_size(VirtAddr user) const;
  /// Gives whole free pages back to the kernel; 1 when there were some.
  int malloc_trim(std::size_t pad) const;
  int mallopt(int parameter, int value) const;
  [[nodiscard]] Mallinfo2 mallinfo2() const {
    Core::ensure_init(m_);
    return sum_of_arenas(m_);
  }

  /// The calling thread ends. Its later calls do without a cache.
  void thread_exit() const { Core::arena_thread_freeres(m_); }
  /// Around fork, as close to it as can be.
  void before_fork() const { Core::fork_lock(m_); }
  void after_fork_in_parent() const { Core::fork_unlock(m_); }
  void after_fork_in_child() const { Core::fork_child(m_); }

 protected:
  [[no_unique_address]] M m_;  // NOLINT(*-non-private-member-variables-in-classes)

 private:
  /// Gives a bare word back, which the compiler can leave to the caller's caller: a tail call.
  [[gnu::noinline]] static std::uint64_t malloc_slow(M m, std::size_t n);
  [[gnu::noinline]] static void free_slow(M m, VirtAddr user);
  /// The thread has a cache, and it was looked at in vain.
  [[gnu::noinline]] static std::uint64_t malloc_uncached(M m, std::size_t n);
  [[gnu::noinline]] static void free_uncached(M m, VirtAddr user);
  [[gnu::noinline]] static void free_mmapped(Chunk p);
  static void clear_chunk(Chunk p, Chunk old_top, std::size_t old_top_size, std::size_t n);
  static std::size_t clean_end(Arena av, Chunk top);
  static VirtAddr move_elsewhere(M m, Chunk p, ChunkSize size, std::size_t n);
};

template <MemoryBackend M, class Policy>
std::uint64_t Malloc<M, Policy>::malloc_slow(M m, std::size_t n) {
  Core::ensure_init(m);
  const auto nb = request2size(n);
  if (!nb) {
    note(m, Decision::RequestTooLarge, n);
    m.set_error(ENOMEM);
    return 0;
  }
  const Tcache tcache = Core::tcache_ensure(m);
  const std::size_t index = tcache_index(*nb);
  if (tcache.is_null() || index >= Params{m}[Params::kTcacheBins]) {
    note(m, Decision::CacheUnused);
    return malloc_uncached(m, n);
  }
  const std::size_t count = tcache.count(index);
  if (count == 0) {
    note(m, Decision::CacheEmpty, index);
    return malloc_uncached(m, n);
  }
  const VirtAddr user = tcache.get_chunk(index);
  note(m, Decision::CacheHit, index, count - 1, user.raw() - kChunkHeader);
  return user.raw();
}

template <MemoryBackend M, class Policy>
std::uint64_t Malloc<M, Policy>::malloc_uncached(M m, std::size_t n) {
  if (n > kMaxRequest) {  // no arena is asked
    note(m, Decision::RequestTooLarge, n);
    m.set_error(ENOMEM);
    return 0;
  }
  return Core::with_arena(m, n, [n](Arena av) { return Core::int_malloc(av, n); }).raw();
}

template <MemoryBackend M, class Policy>
void Malloc<M, Policy>::free_uncached(M m, VirtAddr user) {
  const Chunk p = Chunk::of_user(m, user);
  if (p.is_mmapped()) return free_mmapped(p);
  const ChunkSize size = p.size();
  Core::check_free(p, size);
  Core::free_in_arena(Core::arena_for_chunk(p), p, size, Lock::Free);
}

template <MemoryBackend M, class Policy>
void Malloc<M, Policy>::free_slow(M m, VirtAddr user) {
  const Chunk p = Chunk::of_user(m, user);
  if (p.is_mmapped()) return free_mmapped(p);
  if (Tcache::of_thread(m).is_null()) {
    const int error = m.error();  // free never changes it
    Core::tcache_ensure(m);
    m.set_error(error);
  }
  Core::int_free(Core::arena_for_chunk(p), p, Lock::Free);
}

/// A mapping freed tells that chunks of its size come and go: from now on they come from the heap
/// (section 12). The size word is compared with its flags, as the library does.
template <MemoryBackend M, class Policy>
void Malloc<M, Policy>::free_mmapped(Chunk p) {
  const M m = p.memory();
  const Params par{m};
  const std::uint64_t head = p.head();
  if (par[Params::kNoDynThreshold] == 0 && head > par[Params::kMmapThreshold] &&
      head <= Policy::kMaxMmapThreshold) {
    const std::size_t size = head & ~kSizeBits;
    note(m, Decision::ThresholdRaised, size, 2 * size);
    par.put(Params::kMmapThreshold, bytes(p.size()));
    par.put(Params::kTrimThreshold, 2 * bytes(p.size()));
  }
  const int error = m.error();  // free never changes it
  Core::munmap_chunk(p);
  m.set_error(error);
}

template <MemoryBackend M, class Policy>
VirtAddr Malloc<M, Policy>::calloc(std::size_t count, std::size_t size) const {
  std::size_t n = 0;
  if (__builtin_mul_overflow(count, size, &n) || n > kMaxRequest) {
    note(m_, Decision::RequestTooLarge, n);
    m_.set_error(ENOMEM);
    return {};
  }
  Core::ensure_init(m_);
  Core::tcache_ensure(m_);
  note(m_, Decision::Request, n, bytes(padded_size(n)));
  Chunk old_top{m_, VirtAddr{}};
  std::size_t old_top_size = 0;
  const VirtAddr user = Core::with_arena(m_, n, [&](Arena av) {
    if (old_top.is_null() && !av.is_null()) {
      old_top = av.top();
      old_top_size = clean_end(av, old_top);
    }
    return Core::int_malloc(av, n);
  });
  if (!user.is_null()) clear_chunk(Chunk::of_user(m_, user), old_top, old_top_size, n);
  return user;
}

/// Bytes from top on that may have been written: beyond them memory is fresh from the kernel.
template <MemoryBackend M, class Policy>
std::size_t Malloc<M, Policy>::clean_end(Arena av, Chunk top) {
  const std::size_t size = bytes(top.top_size());
  if (av.is_main()) return size;
  const auto heap = Core::heap_for(top);
  const std::size_t mapped = heap.at() + heap.mprotect_size() - top.at();
  return size < mapped ? mapped : size;
}

template <MemoryBackend M, class Policy>
void Malloc<M, Policy>::clear_chunk(Chunk p, Chunk old_top, std::size_t old_top_size,
                                    std::size_t n) {
  const M m = p.memory();
  const bool perturb = Params{m}[Params::kPerturb] != 0;
  if (p.is_mmapped()) {
    if (!perturb) return note(m, Decision::Fresh, n);
    return m.fill(p.user(), 0, n, tag(Writer::CallocClear));
  }
  std::size_t size = bytes(p.size());
  if (!perturb && p == old_top && size > old_top_size) {
    note(m, Decision::Fresh, size - old_top_size);
    Core::madvise_nohugepage(m, p.at() + old_top_size, size - old_top_size);
    size = old_top_size;
  }
  note(m, Decision::Cleared, size - kWord);
  m.fill(p.user(), 0, size - kWord, tag(Writer::CallocClear));
}

template <MemoryBackend M, class Policy>
VirtAddr Malloc<M, Policy>::realloc(VirtAddr user, std::size_t n) const {
  Core::ensure_init(m_);
  if (user.is_null()) return malloc(n);
  if (n == 0) {
    free(user);
    return {};
  }
  const Chunk p = Chunk::of_user(m_, user);
  const bool mmapped = p.is_mmapped();
  if (!mmapped) Core::tcache_ensure(m_);
  const ChunkSize size = p.size();
  if (p.at().raw() > -bytes(size) || !p.at().is_aligned(kAlignment)) {
    m_.die("realloc(): invalid pointer");
  }
  const auto nb = request2size(n);
  if (!nb) {
    note(m_, Decision::RequestTooLarge, n);
    m_.set_error(ENOMEM);
    return {};
  }
  note(m_, Decision::Request, n, bytes(*nb));
  if (mmapped) {
    if (const Chunk now = Core::mremap_chunk(p, *nb); !now.is_null()) return now.user();
    if (bytes(size) - kWord >= bytes(*nb)) return user;
    return move_elsewhere(m_, p, size, n);
  }
  const Arena av = Core::arena_for_chunk(p);
  Core::lock_if_shared(av);
  const VirtAddr now = Core::int_realloc(av, p, *nb);
  Core::unlock_if_shared(av);
  if (now.is_null() && !m_.single_threaded()) return move_elsewhere(m_, p, size, n);
  return now;
}

/// The last resort of realloc: malloc, copy, free. Null: p stands as it was.
template <MemoryBackend M, class Policy>
VirtAddr Malloc<M, Policy>::move_elsewhere(M m, Chunk p, ChunkSize size, std::size_t n) {
  const VirtAddr user = Malloc{m}.malloc(n);
  if (user.is_null()) return user;
  const std::size_t overhead = p.is_mmapped() ? kChunkHeader : kWord;
  m.copy(user, p.user(), bytes(size) - overhead, tag(Writer::ReallocCopy));
  if (p.is_mmapped()) {
    Core::munmap_chunk(p);
  } else {
    Core::int_free(Core::arena_for_chunk(p), p, Lock::Free);
  }
  return user;
}

template <MemoryBackend M, class Policy>
VirtAddr Malloc<M, Policy>::memalign(std::size_t alignment, std::size_t n) const {
  Core::ensure_init(m_);
  if (alignment <= kAlignment) return malloc(n);
  constexpr std::size_t kMaxAlignment = kMaxRequest / 2 + 1;
  if (alignment > 2 * kMaxAlignment) {
    m_.set_error(EINVAL);
    return {};
  }
  alignment = std::bit_ceil(alignment < kMinSize ? kMinSize : alignment);
  return Core::with_arena(m_, n + alignment + kMinSize, [alignment, n](Arena av) {
    return Core::int_memalign(av, alignment, n);
  });
}

template <MemoryBackend M, class Policy>
int Malloc<M, Policy>::posix_memalign(VirtAddr& out, std::size_t alignment, std::size_t n) const {
  if (alignment % kWord != 0 || !std::has_single_bit(alignment)) return EINVAL;
  const VirtAddr user = memalign(alignment, n);
  if (user.is_null()) return ENOMEM;
  out = user;
  return 0;
}

template <MemoryBackend M, class Policy>
VirtAddr Malloc<M, Policy>::pvalloc(std::size_t n) const {
  Core::ensure_init(m_);
  const std::size_t page = m_.page_size();
  const std::size_t rounded = align_up(n, page);
  if (rounded < n) {
    m_.set_error(ENOMEM);
    return {};
  }
  return memalign(page, rounded);
}

template <MemoryBackend M, class Policy>
std::size_t Malloc<M, Policy>::malloc_usable_size(VirtAddr user) const {
  if (user.is_null()) return 0;
  const Chunk p = Chunk::of_user(m_, user);
  const ChunkSize size = p.size();
  if (p.is_mmapped()) return bytes(size) - kChunkHeader;
  return p.inuse(size) ? bytes(size) - kWord : 0;
}

template <MemoryBackend M, class Policy>
int Malloc<M, Policy>::malloc_trim(std::size_t pad) const {
  Core::ensure_init(m_);
  bool released = false;
  const Arena main = Arena::main(m_);
  Arena av = main;
  do {
    Core::lock_if_shared(av);
    Core::malloc_consolidate(av);
    released |= Core::trim_bins(av);
    if (av.is_main()) released |= Core::systrim(av, pad);
    Core::unlock_if_shared(av);
    av = av.next();
  } while (av != main);
  return released ? 1 : 0;
}

template <MemoryBackend M, class Policy>
int Malloc<M, Policy>::mallopt(int parameter, int value) const {
  Core::ensure_init(m_);
  const Arena main = Arena::main(m_);
  note(m_, Decision::Parameter, static_cast<std::uint64_t>(std::int64_t{parameter}),
       static_cast<std::uint64_t>(std::int64_t{value}));
  Core::lock_if_shared(main);
  Core::malloc_consolidate(main);
  const bool taken = Core::set_parameter(Params{m_}, parameter, value);
  Core::unlock_if_shared(main);
  return taken ? 1 : 0;
}

}  // namespace allocator
