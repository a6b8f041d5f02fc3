// Threads whose ends are hard to see, and forks with handlers that allocate.
#include <malloc.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "tests/allocator/preload/situations/situations.h"

namespace situations {
namespace {

void take_all_keys() {
  pthread_key_t key = 0;
  int taken = 0;
  while (pthread_key_create(&key, nullptr) == 0) ++taken;
  if (taken == 0) fail("there was no key to take");
}

/// What stays behind when thread after thread fills a cache and ends.
void live_and_end() {
  std::array<void*, 60> blocks{};
  for (std::size_t i = 0; i < blocks.size(); ++i) blocks[i] = std::malloc(i * 16);
  for (void* const block : blocks) std::free(block);
}
void end_many_threads() {
  for (int i = 0; i < 100; ++i) in_thread(live_and_end);
  write_state();
}

void keys_taken_before_the_first_call() {
  take_all_keys();
  end_many_threads();
}
void keys_taken_after_the_first_call() {
  std::free(std::malloc(1));
  take_all_keys();
  end_many_threads();
}

constexpr int kForks = 60;
std::array<void*, 3> kept;  // NOLINT: fork's handlers have no argument

/// Every kind of call, amid a fork.
void allocate_amid_fork() {
  for (std::size_t i = 0; i < kept.size(); ++i) kept[i] = std::realloc(kept[i], 100 + i * 3000);
  std::free(std::calloc(10, 100));
  std::free(memalign(256, 1000));
  if (mallinfo2().arena == 0 || mallopt(M_TOP_PAD, 1 << 16) != 1) fail("a call failed amid a fork");
  malloc_trim(1 << 20);
}

void* churn_until_told(void* stop) {
  for (unsigned round = 0; !__atomic_load_n(static_cast<bool*>(stop), __ATOMIC_RELAXED); ++round) {
    churn(round, 500);
  }
  return nullptr;
}

[[noreturn]] void live_as_child() {
  alarm(20);
  churn(7, 2000);
  in_thread([] { churn(8, 2000); });
  std::_Exit(0);
}

/// The handlers are there before malloc's first call, hence nearer to the fork than malloc's own.
void fork_handlers_allocate() {
  pthread_atfork(allocate_amid_fork, allocate_amid_fork, allocate_amid_fork);
  bool stop = false;
  std::array<pthread_t, 3> threads{};
  for (pthread_t& thread : threads) pthread_create(&thread, nullptr, churn_until_told, &stop);
  for (int i = 0; i < kForks; ++i) {
    const pid_t child = fork();
    if (child == 0) live_as_child();
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
      fail("a child came to grief");
  }
  __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
  for (const pthread_t thread : threads) pthread_join(thread, nullptr);
  std::printf("%d children lived\n", kForks);
}

void fork_handlers_allocate_alone() {
  pthread_atfork(allocate_amid_fork, allocate_amid_fork, allocate_amid_fork);
  for (int i = 0; i < 3; ++i) {
    std::fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
      write_state();
      std::fflush(stdout);
      live_as_child();
    }
    int status = 0;
    if (waitpid(child, &status, 0) != child || status != 0) fail("a child came to grief");
    write_state();
  }
}

constexpr std::array kSituations{
    Situation{"keys-taken-before-the-first-call", keys_taken_before_the_first_call},
    Situation{"keys-taken-after-the-first-call", keys_taken_after_the_first_call},
    Situation{"fork-handlers-allocate", fork_handlers_allocate},
    Situation{"fork-handlers-allocate-alone", fork_handlers_allocate_alone},
};

}  // namespace

std::span<const Situation> situations_of_keys() { return kSituations; }

}  // namespace situations
