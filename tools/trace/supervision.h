// What a program that watches others takes on itself: their orphans, the terminal's interrupts.
#pragma once

#include <sys/prctl.h>

#include <csignal>

namespace tools::trace {

/// Interrupts from the terminal reach the program too; the recorder goes on to the trace's end.
class InterruptsIgnored {
 public:
  InterruptsIgnored() {
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    sigaction(SIGINT, &ignore, &interrupt_);
    sigaction(SIGQUIT, &ignore, &quit_);
  }
  ~InterruptsIgnored() {
    sigaction(SIGINT, &interrupt_, nullptr);
    sigaction(SIGQUIT, &quit_, nullptr);
  }
  InterruptsIgnored(const InterruptsIgnored&) = delete;
  InterruptsIgnored& operator=(const InterruptsIgnored&) = delete;

  /// The signals a program started here must find as they were before.
  [[nodiscard]] sigset_t restored() const {
    sigset_t signals;
    sigemptyset(&signals);
    if (interrupt_.sa_handler != SIG_IGN) sigaddset(&signals, SIGINT);
    if (quit_.sa_handler != SIG_IGN) sigaddset(&signals, SIGQUIT);
    return signals;
  }

 private:
  struct sigaction interrupt_ {};
  struct sigaction quit_ {};
};

/// Processes whose own parent ended are ours to wait for while this lives.
class Subreaper {
 public:
  Subreaper() {
    prctl(PR_GET_CHILD_SUBREAPER, &before_);
    prctl(PR_SET_CHILD_SUBREAPER, 1UL);
  }
  ~Subreaper() { prctl(PR_SET_CHILD_SUBREAPER, static_cast<unsigned long>(before_)); }
  Subreaper(const Subreaper&) = delete;
  Subreaper& operator=(const Subreaper&) = delete;

 private:
  int before_ = 0;
};

}  // namespace tools::trace
