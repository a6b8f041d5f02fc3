// FaultlineMalloc<M>: the calls of malloc(3) with caches in front of the arenas.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "allocator/depot.h"
#include "allocator/malloc.h"

namespace allocator {

/// The allocator of libfaultline.so. Calls and errors are Malloc's; what differs is said at the
/// policy. Chunks of the caches are in use as far as the arenas know.
template <MemoryBackend M, class Policy = Faultline>
class FaultlineMalloc : public Malloc<M, Policy> {
  using Arenas = Malloc<M, Policy>;
  using Core = allocator::Core<M, Policy>;
  using Arena = allocator::Arena<M>;
  using Chunk = allocator::Chunk<M>;
  using Params = allocator::Params<M>;
  using Cache = ThreadCache<M>;
  using Slot = CacheSlot<M>;

 public:
  constexpr explicit FaultlineMalloc(M memory) noexcept : Arenas{memory} {}

  [[nodiscard]] VirtAddr malloc(std::size_t n) const {
    const Cache cache = Cache::of_thread(memory());
    if (cache.is_null()) [[unlikely]]
      return VirtAddr{malloc_slow(memory(), n)};
    if (n > kMaxExact - kWord) return VirtAddr{malloc_large(memory(), n)};
    const std::size_t i = tcache_index_of(n);
    const Slot slot = cache.slot(i);
    const VirtAddr head = slot.head();
    if (head.is_null()) [[unlikely]]
      return VirtAddr{refill(memory(), i, class_size(i))};
    return slot.take(head);
  }
  void free(VirtAddr user) const {
    if (user.is_null()) return;
    const Cache cache = Cache::of_thread(memory());
    if (cache.is_null()) [[unlikely]]
      return free_slow(memory(), user);
    const std::uint64_t head =
        Chunk::of_user(memory(), user).head() & ~(kPrevInuse | kNonMainArena);
    const std::size_t i = std::rotr(head - kMinSize, 4);  // huge where M is set
    if (i >= kExactClasses || !user.is_aligned(kAlignment)) return free_large(memory(), user);
    put(cache.slot(i), i, user);
  }
  [[nodiscard]] VirtAddr calloc(std::size_t count, std::size_t size) const;
  [[nodiscard]] VirtAddr realloc(VirtAddr user, std::size_t n) const;
  [[nodiscard]] VirtAddr memalign(std::size_t alignment, std::size_t n) const {
    return alignment <= kAlignment ? malloc(n) : Arenas::memalign(alignment, n);
  }
  [[nodiscard]] VirtAddr aligned_alloc(std::size_t alignment, std::size_t n) const {
    return memalign(alignment, n);
  }
  int malloc_trim(std::size_t pad) const;

  void thread_exit() const;
  void before_fork() const {
    Arenas::before_fork();
    for_all_depots(memory(), [](Depot<M> depot) { depot.memory().lock(depot.lock_word()); });
  }
  void after_fork_in_parent() const {
    unlock_depots(memory());
    Arenas::after_fork_in_parent();
  }
  void after_fork_in_child() const {
    unlock_depots(memory());
    Arenas::after_fork_in_child();
  }

 private:
  [[nodiscard]] M memory() const { return this->m_; }

  [[gnu::noinline]] static void unlock_depots(M m) {
    for_all_depots(m, [](Depot<M> depot) { depot.memory().unlock(depot.lock_word()); });
  }
  template <class Act>
  static void for_all_depots(M m, Act act) {
    if (Params{m}[Params::kInitialized] == 0) return;
    const Arena main = Arena::main(m);
    Arena av = main;
    do {
      for_each_depot(av, act);
      av = av.next();
    } while (av != main);
  }

  static void put(Slot slot, std::size_t i, VirtAddr user) {
    const std::uint32_t count = slot.count();
    if (slot.head() == user) [[unlikely]]
      slot.memory().die("free(): double free detected in tcache 2");
    if (count >= slot.most()) [[unlikely]]
      return overflow(slot.memory(), i, user);
    slot.put(user, count);
  }
  [[gnu::noinline]] static std::uint64_t malloc_slow(M m, std::size_t n);
  [[gnu::noinline]] static std::uint64_t malloc_large(M m, std::size_t n);
  [[gnu::noinline]] static std::uint64_t refill(M m, std::size_t i, ChunkSize nb);
  [[gnu::noinline]] static void overflow(M m, std::size_t i, VirtAddr user);
  [[gnu::noinline]] static void free_slow(M m, VirtAddr user);
  [[gnu::noinline]] static void free_large(M m, VirtAddr user);
  static void note_return(M m);
  static std::uint64_t cut_batch(M m, Slot slot, std::size_t i, ChunkSize nb);
  static void cut_more(Arena av, Slot slot, std::size_t request, std::uint32_t n);
  static void widen(Slot slot, std::size_t i);
  static VirtAddr pop_batch(M m, std::size_t i);
};

/// No cache yet, or no longer.
template <MemoryBackend M, class Policy>
std::uint64_t FaultlineMalloc<M, Policy>::malloc_slow(M m, std::size_t n) {
  Core::ensure_init(m);
  if (Core::tcache_ensure(m).is_null()) return Arenas{m}.malloc(n).raw();
  return FaultlineMalloc{m}.malloc(n).raw();
}

template <MemoryBackend M, class Policy>
std::uint64_t FaultlineMalloc<M, Policy>::malloc_large(M m, std::size_t n) {
  if (n > kMaxClassedRequest) return Arenas{m}.malloc(n).raw();
  const ChunkSize nb = padded_size(n);
  const std::size_t i = class_keeping(nb);
  const Slot slot = Cache::of_thread(m).slot(i);
  const VirtAddr head = slot.head();
  if (!head.is_null() && Chunk::of_user(m, head).size() >= nb) return slot.take(head).raw();
  const std::size_t larger = class_serving(nb);
  const Slot next = Cache::of_thread(m).slot(larger);
  const VirtAddr other = next.head();
  return other.is_null() ? refill(m, larger, nb) : next.take(other).raw();
}

/// The thread's list of class i is empty: a block from its full one, the depot or its arena.
template <MemoryBackend M, class Policy>
std::uint64_t FaultlineMalloc<M, Policy>::refill(M m, std::size_t i, ChunkSize nb) {
  const Slot slot = Cache::of_thread(m).slot(i);
  VirtAddr list = slot.full();
  if (!list.is_null()) {
    slot.set_full({});
  } else {
    list = pop_batch(m, i);
  }
  if (list.is_null()) return cut_batch(m, slot, i, nb);
  const CachedBlock<M> first{m, list};
  const std::uint32_t others = first.batch_count() - 1;
  slot.set_head(first.next());
  slot.set_count(others);
  ThreadRecord<M>{m}.note_served(others);
  return list.raw();
}

/// A block of nb from the thread's arena, and a quarter of what the list has room for where all of
/// the class are that size: more would lie idle, in pages of their own, for as long as the class's
/// blocks come back.
template <MemoryBackend M, class Policy>
std::uint64_t FaultlineMalloc<M, Policy>::cut_batch(M m, Slot slot, std::size_t i, ChunkSize nb) {
  widen(slot, i);
  const std::uint32_t more = nb == class_size(i) ? slot.most() / 4 : 0;
  const std::size_t request = bytes(nb) - kWord;
  const VirtAddr user = Core::with_arena(m, request, [&](Arena av) {
    const VirtAddr first = Core::int_malloc(av, request);
    if (!first.is_null() && !av.is_null()) cut_more(av, slot, request, more);
    return first;
  });
  return user.raw();
}

/// The class is in use: its list may be twice as long.
template <MemoryBackend M, class Policy>
void FaultlineMalloc<M, Policy>::widen(Slot slot, std::size_t i) {
  const std::uint32_t wider = slot.most() == 0 ? 1 : slot.most() * 2;
  const std::uint32_t longest = longest_list(i, Params{slot.memory()}[Params::kListBytes]);
  slot.set_most(wider < longest ? wider : longest);
}

/// A batch of class i of the thread's own arena, of its processor's depot if that has one; null:
/// none has.
template <MemoryBackend M, class Policy>
VirtAddr FaultlineMalloc<M, Policy>::pop_batch(M m, std::size_t i) {
  const Arena own = Core::own_arena(m);
  if (own.is_null()) return {};
  const std::size_t here = depot_here(m);
  const VirtAddr batch = Depot<M>{own, here}.pop(i, 0);
  if (!batch.is_null()) return batch;
  return Depot<M>{own, kDepots - 1 - here}.pop(i, Policy::kKeptByOthers);
}

/// Lists up to n blocks more, in the order of their addresses as a rule. An arena that grows
/// meanwhile takes what the list has.
template <MemoryBackend M, class Policy>
void FaultlineMalloc<M, Policy>::cut_more(Arena av, Slot slot, std::size_t request,
                                          std::uint32_t n) {
  const M m = av.memory();
  VirtAddr last;
  for (std::uint32_t cut = 0; cut < n; ++cut) {
    const VirtAddr user = Core::int_malloc(av, request);
    if (user.is_null()) break;
    const CachedBlock<M> block{m, user};
    block.set_next({});
    if (slot.head().is_null()) {
      slot.set_head(user);
    } else {
      CachedBlock<M>{m, last}.set_next(user);
    }
    slot.set_count(slot.count() + 1);
    last = user;
  }
}

/// The thread's list of class i is full: it is kept as the full one, and what was that goes to the
/// depot.
template <MemoryBackend M, class Policy>
void FaultlineMalloc<M, Policy>::overflow(M m, std::size_t i, VirtAddr user) {
  const Slot slot = Cache::of_thread(m).slot(i);
  const std::uint32_t count = slot.count();
  if (count != 0) {
    Core::push_full(slot, i);
    CachedBlock<M>{m, slot.head()}.set_batch_count(count);
    slot.set_full(slot.head());
    slot.set_head({});
  }
  widen(slot, i);
  slot.put(user, 0);
  note_return(m);
}

/// A memory that minds how much lies idle is told that blocks came back, while no arena is held.
template <MemoryBackend M, class Policy>
void FaultlineMalloc<M, Policy>::note_return(M m) {
  if constexpr (requires { m.note_return(); }) {
    if (Params{m}[Params::kWasLarge] != 0) m.note_return();
  }
}

template <MemoryBackend M, class Policy>
void FaultlineMalloc<M, Policy>::free_slow(M m, VirtAddr user) {
  const int error = m.error();  // free never changes it
  const bool cached = !Core::tcache_ensure(m).is_null();
  m.set_error(error);
  if (cached) return FaultlineMalloc{m}.free(user);
  Arenas{m}.free(user);
}

template <MemoryBackend M, class Policy>
void FaultlineMalloc<M, Policy>::free_large(M m, VirtAddr user) {
  const Chunk p = Chunk::of_user(m, user);
  const ChunkSize size = p.size();
  if (p.is_mmapped() || bytes(size) > kMaxClassed) {
    Arenas{m}.free(user);
    return note_return(m);
  }
  Core::check_free(p, size);
  const std::size_t i = class_keeping(size);
  put(Cache::of_thread(m).slot(i), i, user);
}

template <MemoryBackend M, class Policy>
VirtAddr FaultlineMalloc<M, Policy>::calloc(std::size_t count, std::size_t size) const {
  std::size_t n = 0;
  if (__builtin_mul_overflow(count, size, &n) || n > kMaxClassedRequest) {
    return Arenas::calloc(count, size);
  }
  const VirtAddr user = malloc(n);
  if (!user.is_null()) memory().fill(user, 0, n, tag(Writer::CallocClear));
  return user;
}

template <MemoryBackend M, class Policy>
VirtAddr FaultlineMalloc<M, Policy>::realloc(VirtAddr user, std::size_t n) const {
  if (user.is_null()) return malloc(n);
  if (n == 0) {
    free(user);
    return {};
  }
  const Chunk p = Chunk::of_user(memory(), user);
  const std::size_t room = bytes(p.size()) - kWord;
  if (p.is_mmapped() || n < room / 2) return Arenas::realloc(user, n);
  if (n <= room) return user;
  if (n > kMaxExact) return Arenas::realloc(user, n);  // in place, if the neighbour allows it
  const VirtAddr now = malloc(n);
  if (now.is_null()) return now;
  memory().copy(now, user, room, tag(Writer::ReallocCopy));
  free(user);
  return now;
}

template <MemoryBackend M, class Policy>
int FaultlineMalloc<M, Policy>::malloc_trim(std::size_t pad) const {
  Core::ensure_init(memory());
  const Arena main = Arena::main(memory());
  Arena av = main;
  do {
    Core::lock_if_shared(av);
    Core::merge_depot(av, 0);
    Core::unlock_if_shared(av);
    av = av.next();
  } while (av != main);
  const int released = Arenas::malloc_trim(pad);
  Params{memory()}.put(Params::kTrimmed, 0);  // asked for: nothing to learn from
  return released;
}

/// What the thread cached is laid down for the others.
template <MemoryBackend M, class Policy>
void FaultlineMalloc<M, Policy>::thread_exit() const {
  Core::empty_cache(memory());
  Arenas::thread_exit();
}

}  // namespace allocator
