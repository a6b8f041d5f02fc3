// Work done while something else is waited for.
#include "tools/compare/aside.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <csignal>
#include <stdexcept>
#include <vector>

namespace tools::compare {
namespace {

TEST(AsideTest, TasksAreDoneOneAfterAnother) {
  Aside aside;
  std::vector<int> order;
  for (int i = 0; i < 100; ++i) {
    aside.begin(std::packaged_task<void()>{[&order, i] { order.push_back(i); }});
  }
  aside.wait();
  ASSERT_EQ(order.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST(AsideTest, AnyOtherHasPrecedenceUntilSomebodyWaits) {
  Aside aside;
  std::atomic<int> policy{SCHED_OTHER};
  aside.begin(std::packaged_task<void()>{[&policy] {
    while (policy == SCHED_OTHER) policy = sched_getscheduler(0);
    while (sched_getscheduler(0) == SCHED_IDLE) {
    }
    policy = policy | sched_getscheduler(0) << 8;
  }});
  while (policy == SCHED_OTHER) sched_yield();
  aside.wait();
  EXPECT_EQ(policy.load(), SCHED_IDLE | SCHED_OTHER << 8);
}

TEST(AsideTest, WhatATaskThrowsIsThrownToWhoeverWaits) {
  Aside aside;
  aside.begin(std::packaged_task<void()>{[] { throw std::runtime_error{"no"}; }});
  EXPECT_THROW(aside.wait(), std::runtime_error);
  aside.wait();  // told once
}

TEST(AsideTest, SignalsAreLeftToWhoeverWaits) {
  Aside aside;
  bool blocked = false;
  aside.begin(std::packaged_task<void()>{[&blocked] {
    sigset_t now;
    pthread_sigmask(SIG_SETMASK, nullptr, &now);
    blocked = sigismember(&now, SIGCHLD) == 1 && sigismember(&now, SIGTERM) == 1;
  }});
  aside.wait();
  EXPECT_TRUE(blocked);
}

}  // namespace
}  // namespace tools::compare
