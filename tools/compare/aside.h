// Aside: work that is done while programs run, on a processor that nothing else wants.
#pragma once

#include <pthread.h>

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <future>
#include <mutex>

namespace tools::compare {

/// Tasks one after another, in a thread that any other has precedence over (SCHED_IDLE), so that
/// what is measured waits for nothing. Signals stay with the thread that waits for the program.
class Aside {
 public:
  Aside() = default;
  /// What has not begun is not done.
  ~Aside();
  Aside(const Aside&) = delete;
  Aside& operator=(const Aside&) = delete;

  /// After the tasks before it. Throws std::system_error where there can be no thread.
  void begin(std::packaged_task<void()> task);
  /// Until at most `most` tasks have not ended; until then they have precedence over nobody else's
  /// programs, but a share like any. Throws what a task threw.
  void wait(std::size_t most = 0);

 private:
  void start();
  void run();

  pthread_t thread_{};
  bool started_ = false;
  std::mutex lock_;  ///< for the next three
  std::condition_variable changed_;
  std::deque<std::packaged_task<void()>> tasks_;
  bool stop_ = false;
  std::deque<std::future<void>> ends_;  ///< of those not waited for
};

}  // namespace tools::compare
