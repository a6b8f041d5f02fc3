// The way into the allocator for a thread that is not plain: at its first call, or watched.
#pragma once

#include "allocator/preload_memory.h"
#include "allocator/preload_watch.h"

namespace allocator {

/// The calling thread's first call: readies the process, if need be, and sees to it that the
/// thread's end gives its cache and its arena back. Leaves errno as it is.
void begin_thread() noexcept;

/// For as long as one call takes, a forking thread lets go of the locks, which other libraries'
/// fork handlers, running meanwhile, are to find as always. Without effect in a thread that does
/// not fork.
class OutsideFork {
 public:
  OutsideFork() noexcept;
  ~OutsideFork();
  OutsideFork(const OutsideFork&) = delete;
  OutsideFork& operator=(const OutsideFork&) = delete;
};

/// Whether calls need no more than the core: the thread has begun and has a
/// cache, nobody watches, and it does not fork.
[[nodiscard]] inline bool is_plain() noexcept {
  return !ThreadRecord<ProcessMemory>{ProcessMemory{}}.tcache().is_null();
}

/// Runs `call`, which gives a user pointer or null, in a thread that is not plain.
/// `old`: the block that the call frees if it succeeds; null: none.
template <class Call>
[[gnu::noinline]] VirtAddr enter(Operation operation, VirtAddr old, Call call) noexcept {
  if (!PreloadStorage::thread.begun) begin_thread();
  const OutsideFork outside;
  if (!is_watching()) return call();
  Watch watch{operation, old};
  return watch.done(call());
}

}  // namespace allocator
