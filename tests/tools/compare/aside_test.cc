// Work done while something else is waited for.
#include "tools/compare/aside.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <csignal>
#include <future>
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

TEST(AsideTest, NoMoreTasksThanAllowedAreLeftByWhoeverWaits) {
  Aside aside;
  std::atomic<int> done{0};
  std::promise<void> go;
  aside.begin(std::packaged_task<void()>{[&done] { ++done; }});
  aside.begin(std::packaged_task<void()>{[&go] { go.get_future().wait(); }});
  aside.begin(std::packaged_task<void()>{[&done] { ++done; }});
  aside.wait(2);
  EXPECT_EQ(done.load(), 1);
  go.set_value();
  aside.wait();
  EXPECT_EQ(done.load(), 2);
}

/// It is given precedence once it is told to stop: until then the first task goes on.
TEST(AsideTest, WhatHasNotBegunWhenItGoesIsNotDone) {
  std::atomic<bool> begun{false}, done{false};
  {
    Aside aside;
    aside.begin(std::packaged_task<void()>{[&begun] {
      while (sched_getscheduler(0) != SCHED_IDLE) {
      }
      begun = true;
      while (sched_getscheduler(0) == SCHED_IDLE) {
      }
    }});
    aside.begin(std::packaged_task<void()>{[&done] { done = true; }});
    while (!begun) sched_yield();
  }
  EXPECT_TRUE(begun.load());
  EXPECT_FALSE(done.load());
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
