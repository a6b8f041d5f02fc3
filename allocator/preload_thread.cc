// How the library follows the life of processes and threads: first calls, thread ends, forks.
#include "allocator/preload_thread.h"

#include "allocator/preload_idle.h"

#include <limits.h>
#include <pthread.h>

// NOLINTBEGIN: the names are the C library's
extern "C" void* __curbrk;
extern "C" void* __dso_handle;
extern "C" int __cxa_thread_atexit_impl(void (*)(void*), void*, void*) noexcept;
// NOLINTEND

namespace allocator {
namespace {

/// Process-wide, and ready before any constructor.
struct Process {
  pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_key_t key = 0;  ///< its destructor sees threads end
  bool has_key = false;
  /// Written by each thread's first call before anything of the page is read: a read would take a
  /// fault of its own, for the zero page.
  bool touched = false;
};
constinit Process process;  // NOLINT: the C library calls back without an argument

/// A thread's cache has to go last, since what else ends with the thread frees memory:
/// thread_locals have gone before keys, and of keys there are as many rounds as a value is set
/// again. `rounds_left` is that number, in the key's value.
void end_thread(void* rounds_left) noexcept {
  const auto rounds = std::bit_cast<std::uintptr_t>(rounds_left);
  if (rounds > 1) {
    pthread_setspecific(process.key, std::bit_cast<void*>(rounds - 1));
    return;
  }
  show_cache();
  kHeap.thread_exit();
}

/// The calling thread's end is to be seen. Where the program took every key before its first call,
/// a thread's end is seen as that of a thread_local, which is earlier than other keys' destructors.
void follow_thread() noexcept {
#ifdef __SANITIZE_THREAD__
  constexpr std::uintptr_t kRounds = PTHREAD_DESTRUCTOR_ITERATIONS - 1;  // its own end is the last
#else
  constexpr std::uintptr_t kRounds = PTHREAD_DESTRUCTOR_ITERATIONS;
#endif
  if (process.has_key) {
    pthread_setspecific(process.key, std::bit_cast<void*>(kRounds));
  } else if (::gettid() != ::getpid()) {  // the process's end is not that of its first thread
    __cxa_thread_atexit_impl(end_thread, std::bit_cast<void*>(std::uintptr_t{1}), &__dso_handle);
  }
}

/// A forking thread holds every lock, and its cache is hidden: its calls come by enter().
void take_locks() noexcept {
  hide_cache();
  kHeap.before_fork();
}
void leave_fork() noexcept {
  PreloadStorage::thread.set_forking(false);
  if (!is_watching()) show_cache();
}

/// fork's handlers run in the reverse order before, in order after it: this one, registered by the
/// process's first call, is next to the fork. Handlers yet nearer may still allocate.
void before_fork() noexcept {
  take_locks();
  PreloadStorage::thread.set_forking(true);
}
void after_fork_in_parent() noexcept {
  kHeap.after_fork_in_parent();
  leave_fork();
}
void after_fork_in_child() noexcept {
#ifdef ALLOCATOR_FAULTLINE
  forget_idle_thread();
#endif
  kHeap.after_fork_in_child();
  leave_fork();
}

void begin_process() noexcept {
  Core<ProcessMemory, ProcessPolicy>::ensure_init(ProcessMemory{});
  // The program may have asked for the break before: then the C library remembers it.
  const Params<ProcessMemory> par{ProcessMemory{}};
  par.put(Params<ProcessMemory>::kBreakKnown, __curbrk != nullptr ? 1 : 0);
  process.has_key = pthread_key_create(&process.key, end_thread) == 0;
  pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
  begin_watching();
}

}  // namespace

OutsideFork::OutsideFork() noexcept {
  if (!PreloadStorage::thread.forking) return;
  kHeap.after_fork_in_parent();
  show_cache();
}

OutsideFork::~OutsideFork() {
  if (PreloadStorage::thread.forking) take_locks();
}

void begin_thread() noexcept {
  if (PreloadStorage::thread.begun) return;
  const int error = errno;
  PreloadStorage::thread.begun = true;  // first: what follows may allocate
  __atomic_store_n(&process.touched, true, __ATOMIC_RELAXED);
  pthread_once(&process.once, begin_process);
  follow_thread();
  errno = error;
}

}  // namespace allocator
