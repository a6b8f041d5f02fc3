// A thread, its precedence, and the signals it does not take.
#include "tools/compare/aside.h"

#include <sched.h>

#include <chrono>
#include <csignal>
#include <system_error>
#include <utility>

namespace tools::compare {
namespace {

/// Refused or not: the tasks are done all the same.
void give_precedence(pthread_t thread, int policy) noexcept {
  const sched_param none{};
  pthread_setschedparam(thread, policy, &none);
}

}  // namespace

Aside::~Aside() {
  if (!started_) return;
  {
    const std::lock_guard guard{lock_};
    stop_ = true;
  }
  changed_.notify_one();
  give_precedence(thread_, SCHED_OTHER);
  pthread_join(thread_, nullptr);
}

void Aside::start() {
  const auto enter = [](void* self) -> void* {
    static_cast<Aside*>(self)->run();
    return nullptr;
  };
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const int error = pthread_create(&thread_, nullptr, enter, this);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (error != 0) throw std::system_error{error, std::generic_category(), "thread"};
  started_ = true;
  give_precedence(thread_, SCHED_IDLE);
}

void Aside::run() {
  std::unique_lock guard{lock_};
  for (;;) {
    changed_.wait(guard, [this] { return stop_ || !tasks_.empty(); });
    if (stop_) return;
    {
      std::packaged_task<void()> task = std::move(tasks_.front());
      tasks_.pop_front();
      guard.unlock();
      task();
    }
    guard.lock();
  }
}

void Aside::begin(std::packaged_task<void()> task) {
  if (!started_) start();
  ends_.push_back(task.get_future());
  {
    const std::lock_guard guard{lock_};
    tasks_.push_back(std::move(task));
  }
  changed_.notify_one();
}

void Aside::wait(std::size_t most) {
  const auto first_ended = [this] {
    return ends_.front().wait_for(std::chrono::seconds{0}) == std::future_status::ready;
  };
  bool preferred = false;
  while (!ends_.empty() && (ends_.size() > most || first_ended())) {
    if (!preferred && !first_ended()) {
      give_precedence(thread_, SCHED_OTHER);
      preferred = true;
    }
    std::future<void> end = std::move(ends_.front());
    ends_.pop_front();
    end.get();
  }
  if (preferred) give_precedence(thread_, SCHED_IDLE);
}

}  // namespace tools::compare
