// A thread that the C library knows nothing of: it makes no other thread's calls slower, can be
// started from within any call of free, and uses no thread_local, hence no errno.
#include "allocator/preload_idle.h"

#include <linux/capability.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

#include <csignal>

namespace allocator {
namespace {

constexpr std::size_t kStackBytes = 64UL << 10;
constexpr int kNone = 0;    ///< what the kernel leaves when the thread has ended
constexpr int kNever = -1;  ///< it is being started, or could not be

long raw_call(long number, std::uint64_t a = 0, std::uint64_t b = 0, std::uint64_t c = 0,
              std::uint64_t d = 0) noexcept {
#ifdef __x86_64__
  long result = number;
  register std::uint64_t fourth asm("r10") = d;
  asm volatile("syscall"
               : "+a"(result)
               : "D"(a), "S"(b), "d"(c), "r"(fourth)
               : "rcx", "r11", "memory");
  return result;
#else
  return ::syscall(number, a, b, c, d);  // never in the thread: see can_start
#endif
}
std::uint64_t word_of(const void* p) noexcept { return std::bit_cast<std::uint64_t>(p); }

/// Where a sanitizer follows threads, or system calls are not made as above, there is none.
constexpr bool can_start() noexcept {
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
  return true;
#else
  return false;
#endif
}

/// The process's memory, reached without the C library.
struct IdleMemory : ProcessMemory {
  bool madvise(VirtAddr at, std::size_t n, int advice) const noexcept {
    return raw_call(SYS_madvise, at.raw(), n, static_cast<std::uint64_t>(advice)) == 0;
  }
  [[nodiscard]] static bool single_threaded() noexcept { return false; }
  void lock(VirtAddr at) const noexcept {
    if (try_lock(at)) return;
    while (__atomic_exchange_n(word(at), kAwaited, __ATOMIC_ACQUIRE) != kFree) {
      raw_call(SYS_futex, at.raw(), FUTEX_WAIT_PRIVATE, kAwaited);
    }
  }
  void unlock(VirtAddr at) const noexcept {
    if (__atomic_exchange_n(word(at), kFree, __ATOMIC_RELEASE) == kAwaited) {
      raw_call(SYS_futex, at.raw(), FUTEX_WAKE_PRIVATE, 1);
    }
  }

 private:
  static std::uint32_t* word(VirtAddr at) noexcept {
    return std::bit_cast<std::uint32_t*>(at.raw());
  }
};
static_assert(MemoryBackend<IdleMemory>);

/// Nothing is unmapped and the break stays: pages alone are given back, by madvise.
struct IdlePolicy : ProcessPolicy {
  static constexpr std::size_t kTrimCheck = ~std::size_t{0};
};
using IdleCore = Core<IdleMemory, IdlePolicy>;
using IdleArena = Arena<IdleMemory>;

template <class Act>
void for_each_locked_arena(Act act) noexcept {
  const IdleMemory m;
  const IdleArena main = IdleArena::main(m);
  IdleArena av = main;
  do {
    m.lock(av.lock_word());
    act(av);
    m.unlock(av.lock_word());
    av = av.next();
  } while (av != main);
}

/// Changes, as a rule, when blocks go from the arenas to the threads or come back.
std::uint64_t state_of_arenas() noexcept {
  constexpr std::uint64_t kOdd = 0x9e37'79b9'7f4a'7c15;
  std::uint64_t state = 0;
  for_each_locked_arena([&](IdleArena av) {
    state = (state + av.system_mem()) * kOdd;
    state = (state + av.top().at().raw()) * kOdd;
    state = (state + depot_bytes(av)) * kOdd;
  });
  return state;
}

void drop_top(IdleArena av) noexcept {
  const IdleMemory m;
  const Chunk<IdleMemory> top = av.top();
  const VirtAddr end = top.after(top.top_size()).at();
  const VirtAddr from = (top.at() + kChunkHeader).align_up(m.page_size());
  if (from < end) m.madvise(from, end - from, MADV_DONTNEED);
}

void give_back() noexcept {
  for_each_locked_arena([](IdleArena av) {
    IdleCore::merge_depot(av, 0);
    IdleCore::trim_bins(av);
    drop_top(av);
  });
}

/// A thread that the C library does not know keeps its rights when the program gives its own up.
void renounce_rights() noexcept {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> none{};
  raw_call(SYS_capset, word_of(&header), word_of(none.data()));
  raw_call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1);
}

int watch_for_rest(void* /*unused*/) noexcept {
  renounce_rights();
  constexpr std::uint64_t kMilli = 1'000'000;
  std::uint64_t state = 0;
  for (std::uint64_t now = state_of_arenas(); now != state; now = state_of_arenas()) {
    state = now;
    const std::uint64_t period = Params<IdleMemory>{IdleMemory{}}[Params<IdleMemory>::kIdle];
    const timespec rest{static_cast<time_t>(period / 1000),
                        static_cast<long>(period % 1000 * kMilli)};
    raw_call(SYS_nanosleep, word_of(&rest));
  }
  give_back();
  return 0;
}

/// Kept when the thread has ended, for the next one.
void* stack() noexcept {
  static constinit void* kept = nullptr;
  if (kept != nullptr) return kept;
  const VirtAddr got = ProcessMemory{}.mmap(VirtAddr{}, kStackBytes, PROT_READ | PROT_WRITE,
                                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK);
  kept = to_pointer(got.is_null() ? got : got + kStackBytes);
  return kept;
}

}  // namespace

/// Every signal is the program's own threads' to handle.
void start_idle_thread() noexcept {
  int& tid = PreloadStorage::idle_tid;
  int none = kNone;
  if (!can_start() || Params<ProcessMemory>{ProcessMemory{}}[Params<ProcessMemory>::kIdle] == 0 ||
      !__atomic_compare_exchange_n(&tid, &none, kNever, false, __ATOMIC_ACQUIRE,
                                   __ATOMIC_RELAXED)) {
    return;
  }
  const int error = errno;
  void* const top_of_stack = stack();
  if (top_of_stack != nullptr) {
    PreloadStorage::accompanied = true;  // from here on arenas are locked
    const std::uint64_t all = ~std::uint64_t{0};
    std::uint64_t before = 0;
    raw_call(SYS_rt_sigprocmask, SIG_SETMASK, word_of(&all), word_of(&before), sizeof all);
    constexpr int kFlags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
                           CLONE_SYSVSEM | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
    ::clone(watch_for_rest, top_of_stack, kFlags, nullptr, &tid, nullptr, &tid);
    raw_call(SYS_rt_sigprocmask, SIG_SETMASK, word_of(&before), 0, sizeof all);
  }
  errno = error;
}

void forget_idle_thread() noexcept {
  PreloadStorage::idle_tid = kNone;
  PreloadStorage::accompanied = false;
}

}  // namespace allocator
