// Hint faults of NUMA balancing, as measured on Linux 6.18 with one node and two threads.
#include <gtest/gtest.h>

#include "pagesim/uapi.h"
#include "tests/pagesim/world.h"

namespace pagesim::test {
namespace {

struct NumaTest : testing::Test {
  World world;
  const VirtAddr a = world.map(8);

  void fill() {
    for (std::size_t i = 0; i < 8; ++i) write(world.task, a + i * kPage);
    scan(a, 8);
  }
  void scan(VirtAddr at, std::size_t pages) {
    ASSERT_TRUE(world.task.numa_scan(at, pages * kPage));
    world.causes();
  }
};

TEST_F(NumaTest, EachPageFaultsOnceAndIsAsBefore) {
  fill();
  const Rss rss = world.task.rss();
  for (std::size_t i = 0; i < 8; ++i) read(world.task, a + i * kPage);
  EXPECT_EQ(world.causes(), Causes(8, Cause::NumaHint));
  for (std::size_t i = 0; i < 8; ++i) write(world.task, a + i * kPage);
  EXPECT_EQ(world.causes(), Causes{});
  EXPECT_EQ(world.task.rss(), rss);
}

TEST_F(NumaTest, AWriteFaultsOnceToo) {
  fill();
  for (std::size_t i = 0; i < 8; ++i) write(world.task, a + i * kPage);
  EXPECT_EQ(world.causes(), Causes(8, Cause::NumaHint));
}

TEST_F(NumaTest, TheProcessorReportsAnAbsentPage) {
  fill();
  write(world.task, a);
  EXPECT_EQ(world.machine.ledger().records().back().error_code, 6);
}

TEST_F(NumaTest, AHugePageFaultsOnce) {
  world.machine.profile().thp_enabled = kernel::ThpMode::Always;
  const VirtAddr h = world.map(1024, kReadWrite, 1);
  for (std::size_t i = 0; i < 1024; ++i) write(world.task, h + i * kPage);
  scan(h, 1024);
  for (std::size_t i = 0; i < 1024; ++i) write(world.task, h + i * kPage);
  EXPECT_EQ(world.causes(), Causes(2, Cause::NumaHint));
}

TEST_F(NumaTest, ReadOnlyPagesStayReadOnly) {
  for (std::size_t i = 0; i < 8; ++i) write(world.task, a + i * kPage);
  ASSERT_TRUE(world.task.mprotect(a, 8 * kPage, PROT_READ));
  scan(a, 8);
  read(world.task, a);
  EXPECT_EQ(world.causes(), Causes{Cause::NumaHint});
  EXPECT_EQ(signal_of([&] { write(world.task, a + kPage); }).number, SIGSEGV);
}

TEST_F(NumaTest, PagesThatAreNotHinted) {
  read(world.task, a);  // the zero page
  for (std::size_t i = 1; i < 8; ++i) write(world.task, a + i * kPage);
  const VirtAddr s = *world.task.mmap(VirtAddr{}, kPage, kReadWrite, MAP_SHARED | MAP_ANONYMOUS);
  write(world.task, s);
  const auto file = world.machine.create_file("F", kPage);
  const VirtAddr f = *world.task.mmap(VirtAddr{}, kPage, PROT_READ, MAP_SHARED, file);
  read(world.task, f);
  Task& child = world.machine.fork(world.task);  // pages of `a` are shared now
  for (const VirtAddr at : {a, s, f}) scan(at, 8);
  read(world.task, s);
  read(world.task, f);
  for (std::size_t i = 0; i < 8; ++i) read(world.task, a + i * kPage);
  EXPECT_EQ(world.causes(), Causes{});
  world.machine.exit(child);
}

TEST_F(NumaTest, MprotectGivesAccessBack) {
  fill();
  ASSERT_TRUE(world.task.mprotect(a, 8 * kPage, PROT_READ));
  read(world.task, a);
  EXPECT_EQ(world.causes(), Causes{});
}

TEST_F(NumaTest, GetUserPagesTakesThePageAsItIs) {
  fill();
  ASSERT_TRUE(world.task.madvise(a, 8 * kPage, kMadvPopulateRead));
  EXPECT_EQ(world.causes(), Causes{});
}

}  // namespace
}  // namespace pagesim::test
