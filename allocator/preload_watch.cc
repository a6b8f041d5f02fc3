// Counting calls and bytes, and proving the heap whole between calls.
#include "allocator/preload_watch.h"

#include <cstdlib>

#include "allocator/check.h"
#include "allocator/check_caches.h"
#include "allocator/preload_report.h"
#include "allocator/preload_settings.h"

namespace allocator {
namespace {

constinit Usage usage;
constinit std::uint64_t check_every = 0;

using Record = ThreadRecord<ProcessMemory>;

/// malloc_usable_size by the block's own header alone: what lies behind may be corrupt.
std::size_t block_bytes(VirtAddr user) noexcept {
  if (user.is_null()) return 0;
  const auto p = Chunk<ProcessMemory>::of_user(ProcessMemory{}, user);
  return bytes(p.size()) - (p.is_mmapped() ? kChunkHeader : kWord);
}

void count_bytes(std::size_t added, std::size_t removed) noexcept {
  const std::uint64_t delta = added - removed;  // modulo 2^64
  const std::uint64_t now = __atomic_add_fetch(&usage.bytes, delta, __ATOMIC_RELAXED);
  std::uint64_t peak = __atomic_load_n(&usage.peak_bytes, __ATOMIC_RELAXED);
  while (added > removed && now > peak &&
         !__atomic_compare_exchange_n(&usage.peak_bytes, &peak, now, true, __ATOMIC_RELAXED,
                                      __ATOMIC_RELAXED)) {
  }
}

/// Every lock is held meanwhile, as around a fork.
void prove_heap() noexcept {
  kHeap.before_fork();
  HeapCheck check = check_heap<ProcessPolicy>(ProcessMemory{});
  if constexpr (!ProcessPolicy::kTcache) {
    if (check) check = check_caches(ProcessMemory{});
  }
  if (!check) {
    report_broken(check);
    std::abort();
  }
  kHeap.after_fork_in_parent();
}

void report_at_exit() noexcept {
  show_cache();
  kHeap.before_fork();
  report_usage(usage);
  kHeap.after_fork_in_parent();
}

}  // namespace

void begin_watching() noexcept {
  name_bad_settings();
  const Settings settings = read_settings();
  check_every = settings.check;
  WatchState::on = settings.stats != 0 || settings.check != 0;
  if (settings.stats != 0) std::atexit(report_at_exit);
}

void hide_cache() noexcept {
  const Record record{ProcessMemory{}};
  if (record.tcache().is_null()) return;
  PreloadStorage::thread.cache = record.tcache();
  record.set_tcache(VirtAddr{});
}

void show_cache() noexcept {
  const Record record{ProcessMemory{}};
  VirtAddr& cache = PreloadStorage::thread.cache;
  if (!cache.is_null()) record.set_tcache(cache);
  cache = VirtAddr{};
}

Watch::Watch(Operation operation, VirtAddr old) noexcept
    : operation_{operation}, old_bytes_{block_bytes(old)} {
  show_cache();
}

VirtAddr Watch::done(VirtAddr now) noexcept {
  const bool failed = now.is_null() && operation_ != Operation::Free;
  if (!failed) count_bytes(block_bytes(now), old_bytes_);
  __atomic_add_fetch(&usage.calls[static_cast<std::size_t>(operation_)], 1, __ATOMIC_RELAXED);
  const std::uint64_t calls = __atomic_add_fetch(&usage.all_calls, 1, __ATOMIC_RELAXED);
  if (check_every != 0 && calls % check_every == 0) prove_heap();
  hide_cache();
  return now;
}

}  // namespace allocator
