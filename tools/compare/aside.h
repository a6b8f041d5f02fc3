// Aside: work that is done while the next program runs, on a processor that nothing else wants.
#pragma once

#include <pthread.h>

#include <future>

namespace tools::compare {

/// One task at a time, in a thread that any other has precedence over (SCHED_IDLE), so that what is
/// measured waits for nothing. Signals stay with the thread that waits for the program.
class Aside {
 public:
  Aside() = default;
  ~Aside();
  Aside(const Aside&) = delete;
  Aside& operator=(const Aside&) = delete;

  /// After the task before it. Throws what that one threw.
  void begin(std::packaged_task<void()> task);
  /// Until the task has ended, which has precedence over nobody else's programs from now on but a
  /// share like any. Throws what it threw.
  void wait();

 private:
  void join() noexcept;

  pthread_t thread_{};
  bool runs_ = false;
  std::packaged_task<void()> task_;
  std::future<void> done_;
};

}  // namespace tools::compare
