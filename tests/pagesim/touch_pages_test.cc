// touch_pages: a range of touches is the touches one after the other.
#include <gtest/gtest.h>

#include <random>

#include "tests/pagesim/world.h"

namespace pagesim::test {
namespace {

constexpr std::size_t kPages = 1500;  // more than two leaf tables

/// Two machines that are done the same to, but for how ranges are touched.
struct TouchPagesTest : testing::TestWithParam<unsigned> {
  World one, all;
  std::mt19937 random{GetParam()};

  std::size_t pick(std::size_t n) { return random() % n; }
  template <class Action>
  void both(Action&& action) {
    action(one);
    action(all);
  }
  /// Areas of all kinds side by side, some of their pages touched before.
  void prepare() {
    both([](World& world) { (void)world.map(kPages); });
    for (int i = 0; i < 6; ++i) {
      const VirtAddr at = kFarAway + pick(kPages) * kPage;
      const std::size_t bytes = (1 + pick(200)) * kPage;
      const int prot = std::array{PROT_READ, kReadWrite, PROT_NONE}[pick(3)];
      const int advice = std::array{MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_DONTNEED}[pick(3)];
      const bool maps = pick(4) == 0;
      both([&](World& world) {
        if (maps) (void)world.task.munmap(at, bytes);
        (void)world.task.mprotect(at, bytes, prot);
        (void)world.task.madvise(at, bytes, advice);
      });
    }
    for (int i = 0; i < 40; ++i) {
      const VirtAddr at = kFarAway + pick(kPages) * kPage;
      const Access access = pick(2) == 0 ? Access::Read : Access::Write;
      both([&](World& world) { (void)signal_of([&] { world.task.touch(at, 1, access); }); });
    }
  }
  void expect_alike() {
    ASSERT_EQ(one.causes(), all.causes());
    EXPECT_EQ(one.task.counters(), all.task.counters());
    EXPECT_EQ(one.task.rss(), all.task.rss());
    EXPECT_EQ(one.machine.tlb_counters(), all.machine.tlb_counters());
    for (std::size_t i = 0; i < kPages; ++i)
      EXPECT_EQ(one.task.frame_of(kFarAway + i * kPage), all.task.frame_of(kFarAway + i * kPage));
  }
};

TEST_P(TouchPagesTest, DoesWhatSingleTouchesDo) {
  prepare();
  for (int i = 0; i < 30; ++i) {
    const VirtAddr at = kFarAway + pick(kPages) * kPage + pick(kPage);
    const std::size_t pages = 1 + pick(700);
    const Access access = pick(4) == 0 ? Access::Read : Access::Write;
    const SignalInfo a = signal_of([&] {
      for (std::size_t k = 0; k < pages; ++k) one.task.touch(at + k * kPage, 1, access);
    });
    const SignalInfo b = signal_of([&] { all.task.touch_pages(at, pages, access); });
    ASSERT_EQ(a, b);
    expect_alike();
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, TouchPagesTest, testing::Range(0u, 10u));

TEST(TouchPagesTest, FillsMemoryToTheLastFrameAsSingleTouchesDo) {
  Counters counted[2];
  for (const bool together : {false, true}) {
    MachineConfig config;
    config.memory_bytes = 1000 * kPage;
    Machine machine{config};
    Task& task = machine.boot();
    const VirtAddr at =
        *task.mmap(kFarAway, 900 * kPage, kReadWrite, kPrivate | MAP_FIXED | MAP_NORESERVE);
    (void)*task.mmap(kFarAway + 900 * kPage, 99 * kPage, kReadWrite, kPrivate | MAP_FIXED);
    const auto touch = [&] {
      if (together) return task.touch_pages(at, 999, Access::Write);
      for (std::size_t i = 0; i < 999; ++i) task.touch(at + i * kPage, 1, Access::Write);
    };
    EXPECT_THROW(touch(), OutOfMemoryKill);
    EXPECT_EQ(machine.memory().frames_in_use(), 998u);
    counted[together ? 1 : 0] = task.counters();
  }
  EXPECT_EQ(counted[0], counted[1]);
}

}  // namespace
}  // namespace pagesim::test
