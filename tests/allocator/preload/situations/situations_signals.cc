// Signals that come amid calls, and handlers that allocate or leave by a jump between them.
#include <sys/time.h>

#include <array>
#include <csetjmp>
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "tests/allocator/preload/situations/situations.h"

namespace situations {
namespace {

volatile std::sig_atomic_t seen;              // NOLINT: handlers have no argument
volatile std::sig_atomic_t is_between_calls;  // NOLINT
std::array<void*, 50> made;                   // NOLINT
sigjmp_buf back;                              // NOLINT

constexpr unsigned kRounds = 400;

void handle(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigaction(signal, &action, nullptr);
}
void ring_every(int microseconds) {
  const itimerval timer{{0, microseconds}, {0, microseconds}};
  setitimer(ITIMER_REAL, &timer, nullptr);
}

/// What the handler does is not malloc's concern: its calls go on where they were.
void interrupt_calls() {
  handle(SIGALRM, [](int) { seen = seen + 1; });
  ring_every(100);
  for (unsigned round = 0; round < kRounds; ++round) churn(round, 1000);
  in_thread([] {
    for (unsigned round = 0; round < kRounds; ++round) churn(round, 1000);
  });
  ring_every(0);
  if (seen < 10) fail("hardly a signal came");
  write_state();
}

/// A handler may allocate where no call was interrupted.
void allocate_in_handler() {
  handle(SIGALRM, [](int) {
    if (is_between_calls == 0) return;
    void*& slot = made[static_cast<std::size_t>(seen) % made.size()];
    slot = std::realloc(slot, static_cast<std::size_t>(seen % 700) + 1);
    seen = seen + 1;
  });
  ring_every(100);
  for (unsigned round = 0; seen < 500; ++round) {
    churn(round, 50);
    is_between_calls = 1;
    for (int i = 0; i < 20'000; ++i) asm volatile("");
    is_between_calls = 0;
  }
  ring_every(0);
  for (void*& block : made) std::free(block);
  std::printf("%zu blocks were made by a handler\n", made.size());
}

/// The same at known places, so that addresses can be told; the handler does not come back.
void jump_out_of_handler() {
  handle(SIGUSR1, [](int) {
    made[static_cast<std::size_t>(seen)] = std::malloc(static_cast<std::size_t>(seen) * 100);
    seen = seen + 1;
    siglongjmp(back, 1);
  });
  for (std::size_t i = 0; i < made.size(); ++i) {
    if (sigsetjmp(back, 1) == 0) std::raise(SIGUSR1);
    write_place(made[i]);
    churn(static_cast<unsigned>(i), 20);
  }
  for (void* const block : made) std::free(block);
  write_state();
}

constexpr std::array kSituations{
    Situation{"signals-interrupt-calls", interrupt_calls},
    Situation{"signal-handlers-allocate", allocate_in_handler},
    Situation{"signal-handlers-jump", jump_out_of_handler},
};

}  // namespace

std::span<const Situation> situations_of_signals() { return kSituations; }

}  // namespace situations
