// The allocator's inner functions, by glibc's names: a table of contents for the files they lie in.
#pragma once

#include <cstddef>
#include <cstdint>

#include "allocator/arena.h"
#include "allocator/bins.h"
#include "allocator/chunk.h"
#include "allocator/decision.h"
#include "allocator/heap_record.h"
#include "allocator/params.h"
#include "allocator/tcache.h"
#include "allocator/thread_cache.h"

namespace allocator {

/// Whether the caller of a freeing function holds the arena's lock.
enum class Lock : bool { Free, Held };

/// Everything below Malloc's public calls. Stateless: all that lasts lies in M. A null Chunk or
/// VirtAddr means that there is no memory, and M's error() says why. `inline` marks what lies on
/// the way of every call that the thread's cache does not serve.
template <MemoryBackend M, class Policy>
struct Core {
  using Arena = allocator::Arena<M>;
  using Chunk = allocator::Chunk<M>;
  using Heap = allocator::Heap<M>;
  using Params = allocator::Params<M>;
  using Tcache = allocator::Tcache<M>;
  using Thread = allocator::ThreadRecord<M>;

  // init.h
  static void ensure_init(M m);
  [[gnu::noinline]] static void ptmalloc_init(M m);
  static Tcache tcache_ensure(M m);
  [[gnu::noinline]] static Tcache tcache_init(M m);
  static void tcache_thread_shutdown(M m);

  // tunables.h
  static void apply_tunables(M m);
  template <class F>
  static void set_dynamic(Params par, F field, std::uint64_t value);
  static bool set_mxfast(Params par, std::size_t value);
  static void set_hugetlb(Params par, std::uint64_t value);
  static bool set_parameter(Params par, int parameter, std::int64_t value);

  // knobs.h
  static void apply_knobs(M m);
  static void set_knob(Params par, int parameter, std::uint64_t value);

  // int_malloc.h
  static inline VirtAddr int_malloc(Arena av, std::size_t request);
  static inline Chunk allocate_chunk(Arena av, ChunkSize nb);
  static Chunk take_fastbin(Arena av, ChunkSize nb);
  static inline Chunk take_smallbin(Arena av, ChunkSize nb);
  static inline Chunk take_from_bins(Arena av, ChunkSize nb, std::size_t bin);
  static inline Chunk take_large(Arena av, ChunkSize nb, std::size_t bin);
  static inline Chunk take_larger_bin(Arena av, ChunkSize nb, std::size_t bin);
  static Chunk carve(Arena av, Chunk v, ChunkSize nb, bool remember, const char* corrupted);
  static inline Chunk split_top(Arena av, ChunkSize nb);
  static inline void alloc_perturb(M m, VirtAddr user, std::size_t n);

  // unsorted.h
  struct Stash;
  static Chunk sort_unsorted(Arena av, ChunkSize nb);
  static void check_unsorted(Arena av, Chunk v);
  static Chunk split_last_remainder(Arena av, Chunk v, ChunkSize nb);

  // int_free.h
  static inline void int_free(Arena av, Chunk p, Lock lock);
  static inline void check_free(Chunk p, ChunkSize size);
  static inline bool tcache_free(Chunk p, ChunkSize size);
  static inline void free_in_arena(Arena av, Chunk p, ChunkSize size, Lock lock);
  static inline Chunk merge_down(Chunk p, const char* corrupted);
  static void check_double_free(Tcache tcache, std::size_t index, VirtAddr user);
  static void fastbin_free(Arena av, Chunk p, ChunkSize size, Lock lock);
  static inline void int_free_merge(Arena av, Chunk p, ChunkSize size);
  static inline void check_merge(Arena av, Chunk p, ChunkSize size, Chunk next);
  [[gnu::noinline]] static void trim_after_free(Arena av);
  [[gnu::noinline]] static void malloc_consolidate(Arena av);
  static void consolidate_chunk(Arena av, Chunk p);
  static inline void free_perturb(Chunk p, ChunkSize size);
  static Arena arena_for_chunk(Chunk p);

  // mmapped.h
  static Chunk sysmalloc_mmap(M m, ChunkSize nb, std::size_t page, int huge_flags);
  static Chunk try_mmap(Arena av, ChunkSize nb);
  [[gnu::noinline]] static void munmap_chunk(Chunk p);
  static Chunk mremap_chunk(Chunk p, ChunkSize nb);
  static void check_mapping(Chunk p, VirtAddr start, std::size_t total, const char* message);
  static void count_mapping(M m, std::uint64_t count, std::uint64_t bytes);

  // huge.h
  static void madvise_thp(M m, VirtAddr at, std::size_t n);
  [[gnu::cold]] static void madvise_nohugepage(M m, VirtAddr at, std::size_t n);
  static std::size_t thp_step(Arena av, std::size_t need);
  [[gnu::cold]] static bool is_sparse(Arena av, std::size_t thp);

  // sysmalloc.h
  struct Extent;
  [[gnu::noinline]] static Chunk sysmalloc(Arena av, ChunkSize nb);
  static void note_size(Arena av);
  static void check_top(Arena av);
  static void grow_main(Arena av, ChunkSize nb);
  static Extent more_core(Arena av, ChunkSize nb);
  static Extent mmap_fallback(Arena av, ChunkSize nb, std::size_t want);
  static void place_new_top(Arena av, Extent got);
  static void fence_main(Arena av, Chunk old, ChunkSize old_size);
  static VirtAddr sbrk(M m, std::ptrdiff_t delta);

  // merge_depot.h
  static bool merge_kept(Arena av);
  static bool merge_depot(Arena av, std::size_t most);
  static void merge_batches(Arena av, VirtAddr batch);
  static void merge_list(Arena av, VirtAddr user);
  static std::size_t cached_bytes(M m);
  static void empty_cache(M m);
  static void push_full(CacheSlot<M> slot, std::size_t i);
  [[gnu::noinline, gnu::noclone]] static void send_home(M m, std::size_t i, VirtAddr list,
                                                        std::uint32_t n);
  [[gnu::noinline, gnu::noclone]] static void send_each_home(M m, std::size_t i, VirtAddr list);

  // trim.h
  static bool systrim(Arena av, std::size_t pad);
  static bool trim_bins(Arena av);
  static void note_trim(M m, std::size_t bytes);
  static void note_growth(M m);

  // heap.h
  static std::size_t heap_max(M m);
  static Heap heap_for(Chunk p);
  static Heap new_heap(M m, std::size_t size, std::size_t pad);
  static Heap alloc_new_heap(M m, std::size_t size, std::size_t pad, std::size_t page, int flags);
  static VirtAddr reserve_heap(M m, std::size_t length, int flags);
  static VirtAddr reserve_twice(M m, std::size_t length, int map_flags);
  static bool grow_heap(Heap heap, std::size_t need);
  static void shrink_heap(Heap heap, std::size_t extra);
  static Chunk grow_heaps(Arena av, ChunkSize nb, bool tried_mmap);
  static void fence_heap(Arena av, Chunk old, ChunkSize old_size);
  static void heap_trim(Arena av, std::size_t pad);
  static bool drop_heap(Arena av, std::size_t pad);

  // arenas.h
  template <class Allocate>
  static inline VirtAddr with_arena(M m, std::size_t request, Allocate allocate);
  template <class Allocate>
  [[gnu::noinline]] static VirtAddr with_own_arena(M m, std::size_t request, Allocate allocate);
  static Arena arena_get(M m, std::size_t request);
  static Arena own_arena(M m);
  [[gnu::noinline, gnu::cold]] static void leave_crowd(M m);
  [[gnu::noinline]] static Arena arena_get2(M m, std::size_t request, Arena avoid);
  [[gnu::noinline]] static Arena arena_get_retry(Arena failed, std::size_t request);
  static Arena get_free_list(M m);
  static Arena int_new_arena(M m, std::size_t request);
  static Arena reused_arena(M m, Arena avoid);
  static bool may_create_arena(Params par);
  static void attach(Arena av);
  static void remove_from_free_list(Arena av);
  static void push_free_list(Arena av);
  static void arena_thread_freeres(M m);
  static void fork_lock(M m);
  static void fork_unlock(M m);
  static void fork_child(M m);
  static inline void lock_if_shared(Arena av);
  static inline void unlock_if_shared(Arena av);

  // int_realloc.h
  static VirtAddr realloc_mmapped(Chunk p, ChunkSize nb, std::size_t request);
  static VirtAddr int_realloc(Arena av, Chunk p, ChunkSize nb);
  static VirtAddr realloc_elsewhere(Arena av, Chunk p, ChunkSize nb);
  static void trim_chunk(Arena av, Chunk p, ChunkSize size, ChunkSize nb);

  // int_memalign.h
  static VirtAddr int_memalign(Arena av, std::size_t alignment, std::size_t request);
  static Chunk free_leader(Arena av, Chunk p, Chunk aligned);
};

}  // namespace allocator
