// crowd SECONDS: threads that begin, take an arena and end all at once, round after round, beside
// one that looks at all arenas. In the later half the kernel refuses new arenas.
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kThreads = 12;
constexpr std::size_t kBlocks = 40;
constexpr std::size_t kHeapBytes = 64 << 20;  // the most of an arena that is not the main one

std::atomic<bool> ended;
std::atomic<std::size_t> waiting;
std::atomic<std::size_t> rounds;

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "crowd: %s\n", what);
  std::abort();
}

/// Without a happens-before between the threads that come out of it, which would hide races.
void wait_for_all() {
  waiting.fetch_add(1, std::memory_order_relaxed);
  while (waiting.load(std::memory_order_relaxed) < kThreads) {
  }
}

/// More than the thread's own arena can hold: the main one serves it.
void ask_too_much() {
  void* const p = malloc(kHeapBytes + 4096);
  if (p == nullptr) fail("no memory outside the arena");
  free(p);
}

void* live(void* number) {
  wait_for_all();
  std::array<void*, kBlocks> blocks{};
  for (std::size_t i = 0; i < kBlocks; ++i) {
    if ((blocks[i] = malloc(1'500 + i * 100)) == nullptr) fail("no memory");
    std::memset(blocks[i], static_cast<int>(i), 1'500);
  }
  if (*static_cast<std::size_t*>(number) % 4 == 0) ask_too_much();
  for (void* const block : blocks) free(block);
  return nullptr;
}

void* look_at_all_arenas(void*) {
  while (!ended) {
    if (mallinfo2().arena == 0) fail("no arena");
    malloc_trim(0);
  }
  return nullptr;
}

/// The kernel refuses address space for heaps from now on: mmap of 64 or 128 MiB without access.
void refuse_heaps() {
  const auto word = [](std::size_t offset) {
    return sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
  };
  const auto equal = [](std::uint32_t value, std::uint8_t yes, std::uint8_t no) {
    return sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, yes, no);
  };
  constexpr std::size_t kArguments = offsetof(seccomp_data, args);
  sock_filter program[] = {word(offsetof(seccomp_data, nr)),
                           equal(SYS_mmap, 0, 5),
                           word(kArguments + 2 * sizeof(std::uint64_t)),
                           equal(PROT_NONE, 0, 3),
                           word(kArguments + sizeof(std::uint64_t)),
                           equal(kHeapBytes, 2, 0),
                           equal(2 * kHeapBytes, 1, 0),
                           BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
                           BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOMEM)};
  const sock_fprog filter = {sizeof program / sizeof *program, program};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter) != 0) {
    fail("no seccomp filter here");
  }
}

/// Threads come and go at once until `end`.
void run_until(Clock::time_point end) {
  static std::array<std::size_t, kThreads> numbers;
  std::array<pthread_t, kThreads> threads{};
  while (Clock::now() < end) {
    waiting = 0;
    for (std::size_t i = 0; i < kThreads; ++i) {
      numbers[i] = i;
      if (pthread_create(&threads[i], nullptr, live, &numbers[i]) != 0) fail("no thread");
    }
    for (const pthread_t thread : threads) pthread_join(thread, nullptr);
    ++rounds;
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return 2;
  const auto half = std::chrono::duration_cast<Clock::duration>(
      std::chrono::duration<double>(std::atof(arguments[1]) / 2));
  mallopt(M_MMAP_MAX, 0);
  free(malloc(1));  // the main arena begins
  pthread_t watcher{};
  if (pthread_create(&watcher, nullptr, look_at_all_arenas, nullptr) != 0) fail("no thread");
  run_until(Clock::now() + half);
  refuse_heaps();
  run_until(Clock::now() + half);
  ended = true;
  pthread_join(watcher, nullptr);
  std::printf("%zu rounds\n", rounds.load());
  return 0;
}
