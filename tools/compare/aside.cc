// A thread, its precedence, and the signals it does not take.
#include "tools/compare/aside.h"

#include <sched.h>

#include <csignal>
#include <system_error>
#include <utility>

namespace tools::compare {
namespace {

void* run_task(void* task) {
  (*static_cast<std::packaged_task<void()>*>(task))();
  return nullptr;
}

/// Refused or not: the task is done all the same.
void give_precedence(pthread_t thread, int policy) noexcept {
  const sched_param none{};
  pthread_setschedparam(thread, policy, &none);
}

}  // namespace

Aside::~Aside() { join(); }

void Aside::begin(std::packaged_task<void()> task) {
  wait();
  task_ = std::move(task);
  done_ = task_.get_future();
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const int error = pthread_create(&thread_, nullptr, run_task, &task_);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (error != 0) throw std::system_error{error, std::generic_category(), "thread"};
  runs_ = true;
  give_precedence(thread_, SCHED_IDLE);
}

void Aside::wait() {
  if (!runs_) return;
  join();
  done_.get();
}

void Aside::join() noexcept {
  if (!runs_) return;
  give_precedence(thread_, SCHED_OTHER);
  pthread_join(thread_, nullptr);
  runs_ = false;
}

}  // namespace tools::compare
