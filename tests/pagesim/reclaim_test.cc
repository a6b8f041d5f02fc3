// Memory under a limit: which pages leave it, and what it costs to have them back.
#include <gtest/gtest.h>

#include "pagesim/kernel/mem_cgroup.h"
#include "pagesim/uapi.h"
#include "tests/pagesim/world.h"

namespace pagesim::test {
namespace {

using kernel::SwapDevice;

constexpr std::size_t kLimit = 256;  // pages
constexpr int kShared = MAP_SHARED;

struct ReclaimTest : testing::TestWithParam<SwapDevice> {
  ReclaimTest() { limit(kLimit); }
  World world;

  int limit(std::size_t pages) {
    world.machine.profile().swap = GetParam();
    world.machine.profile().page_cluster = 0;
    world.machine.profile().memory_limit = pages * kPage;
    return world.machine.limit_memory();
  }
  /// Touches each page once: the faults it takes.
  Counters sweep(VirtAddr at, std::size_t pages, Access access) {
    const Counters before = world.task.counters();
    for (std::size_t i = 0; i < pages; ++i) world.task.touch(at + i * kPage, 1, access);
    const Counters& after = world.task.counters();
    world.machine.ledger().clear_records();
    return {after.minor - before.minor, after.major - before.major, 0};
  }
  std::size_t resident(VirtAddr at, std::size_t pages) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < pages; ++i)
      count += world.task.frame_of(at + i * kPage).has_value() ? 1u : 0u;
    return count;
  }
};

TEST_P(ReclaimTest, ASweepOverTwiceTheLimitReadsEveryPageAgain) {
  const VirtAddr a = world.map(2 * kLimit);
  EXPECT_EQ(sweep(a, 2 * kLimit, Access::Write), (Counters{2 * kLimit, 0, 0}));
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(sweep(a, 2 * kLimit, Access::Read), (Counters{0, 2 * kLimit, 0}));
  EXPECT_EQ(sweep(a, 2 * kLimit, Access::Write), (Counters{0, 2 * kLimit, 0}));
}

TEST_P(ReclaimTest, WhatIsInMemoryStaysWithinTheLimit) {
  const VirtAddr a = world.map(4 * kLimit);
  sweep(a, 4 * kLimit, Access::Write);
  EXPECT_LE(world.machine.memory().frames_in_use(), kLimit);
  EXPECT_GT(resident(a, 4 * kLimit), kLimit - 64);
  EXPECT_EQ(world.task.page_state(a), PageState::Swap);
  EXPECT_EQ(world.task.page_state(a + (4 * kLimit - 1) * kPage), PageState::Anon);
}

TEST_P(ReclaimTest, BytesComeBack) {
  const VirtAddr a = world.map(2 * kLimit);
  for (std::size_t i = 0; i < 2 * kLimit; ++i) world.task.store<std::size_t>(a + i * kPage, i + 1);
  for (std::size_t i = 0; i < 2 * kLimit; ++i)
    ASSERT_EQ(world.task.load<std::size_t>(a + i * kPage), i + 1);
}

TEST_P(ReclaimTest, AWorkingSetThatFitsFaultsOnceAPage) {
  const VirtAddr a = world.map(kLimit / 2);
  sweep(a, kLimit / 2, Access::Write);
  EXPECT_EQ(sweep(a, kLimit / 2, Access::Read), (Counters{}));
}

TEST_P(ReclaimTest, PagesUsedSinceTheLastLookOutliveTheirNeighbours) {
  constexpr std::size_t kWritten = kLimit + kLimit / 8;  // each page was looked at once
  constexpr std::size_t kHot = kWritten - kLimit / 2;
  const VirtAddr a = world.map(kWritten);
  sweep(a, kWritten, Access::Write);
  const VirtAddr hot = a + kHot * kPage;
  // The processor notes a use when it walks the tables: now it has to.
  ASSERT_TRUE(world.task.mprotect(hot, 16 * kPage, PROT_READ));
  ASSERT_TRUE(world.task.mprotect(hot, 16 * kPage, kReadWrite));
  EXPECT_EQ(sweep(hot, 16, Access::Read), (Counters{}));
  sweep(world.map(kLimit * 3 / 4, kReadWrite, 1), kLimit * 3 / 4, Access::Write);
  EXPECT_EQ(resident(a, kHot), 0u);
  EXPECT_EQ(resident(hot, 16), 16u);
  EXPECT_EQ(resident(hot + 16 * kPage, 16), 0u);
}

TEST_P(ReclaimTest, WhereAllPagesWereUsedTheOldestGo) {
  const VirtAddr a = world.map(2 * kLimit);
  std::size_t pages = 0;
  while (resident(a, pages) == pages) sweep(a + pages++ * kPage, 1, Access::Write);
  const std::size_t gone = pages - resident(a, pages);
  EXPECT_LT(gone, 64u);
  EXPECT_EQ(resident(a, gone), 0u);
}

TEST_P(ReclaimTest, LockedPagesStay) {
  const VirtAddr locked = world.map(16);
  ASSERT_TRUE(world.task.mlock(locked, 16 * kPage));
  sweep(world.map(4 * kLimit, kReadWrite, 1), 4 * kLimit, Access::Write);
  EXPECT_EQ(resident(locked, 16), 16u);
}

TEST_P(ReclaimTest, FilePagesAreDroppedAndReadAgain) {
  const auto file = world.machine.create_file("F", 32 * kPage);
  const VirtAddr m = *world.task.mmap(VirtAddr{}, 32 * kPage, PROT_READ, kShared, file);
  EXPECT_EQ(sweep(m, 32, Access::Read), (Counters{2, 0, 0}));
  sweep(world.map(4 * kLimit), 4 * kLimit, Access::Write);
  EXPECT_EQ(file->cached_runs().size(), 0u);
  EXPECT_EQ(world.task.rss().file, 0);
  read(world.task, m);
  EXPECT_EQ(world.causes().back(), Cause::FileRead);
}

TEST_P(ReclaimTest, DirtyFilePagesAreWrittenBackFirst) {
  const auto file = world.machine.create_file("F", 8 * kPage);
  const VirtAddr m = *world.task.mmap(VirtAddr{}, 8 * kPage, kReadWrite, kShared, file);
  for (std::size_t i = 0; i < 8; ++i) world.task.store<std::size_t>(m + i * kPage, i + 1);
  sweep(world.map(4 * kLimit), 4 * kLimit, Access::Write);
  EXPECT_EQ(resident(m, 8), 0u);
  for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(world.task.load<std::size_t>(m + i * kPage), i + 1);
}

TEST_P(ReclaimTest, SharedMemoryGoesToSwap) {
  const VirtAddr s = *world.task.mmap(VirtAddr{}, 8 * kPage, kReadWrite, kShared | MAP_ANONYMOUS);
  for (std::size_t i = 0; i < 8; ++i) world.task.store<std::size_t>(s + i * kPage, i + 1);
  sweep(world.map(4 * kLimit), 4 * kLimit, Access::Write);
  EXPECT_EQ(world.task.rss().shmem, 0);
  const Counters before = world.task.counters();
  for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(world.task.load<std::size_t>(s + i * kPage), i + 1);
  EXPECT_EQ(world.task.counters().major - before.major, 8u);
}

TEST_P(ReclaimTest, ForkedPagesShareASlot) {
  const VirtAddr a = world.map(8);
  for (std::size_t i = 0; i < 8; ++i) world.task.store<std::size_t>(a + i * kPage, i + 1);
  Task& child = world.machine.fork(world.task);
  sweep(world.map(4 * kLimit, kReadWrite, 1), 4 * kLimit, Access::Write);
  EXPECT_EQ(world.task.page_state(a), PageState::Swap);
  EXPECT_EQ(child.page_state(a), PageState::Swap);
  child.store<std::size_t>(a, 77);
  for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(world.task.load<std::size_t>(a + i * kPage), i + 1);
  EXPECT_EQ(child.load<std::size_t>(a), 77u);
  EXPECT_EQ(child.load<std::size_t>(a + kPage), 2u);
}

TEST_P(ReclaimTest, HugePagesGoToo) {
  world.machine.profile().thp_enabled = kernel::ThpMode::Always;
  ASSERT_EQ(limit(4 * 512), 0);
  const VirtAddr a = world.map(8 * 512);
  for (std::size_t i = 0; i < 8; ++i) world.task.store<std::size_t>(a + i * 512 * kPage, i + 1);
  EXPECT_LE(world.machine.memory().frames_in_use(), 5 * 512u);
  EXPECT_EQ(world.task.page_state(a), PageState::Swap);
  for (std::size_t i = 0; i < 8; ++i)
    EXPECT_EQ(world.task.load<std::size_t>(a + i * 512 * kPage), i + 1);
}

TEST_P(ReclaimTest, AProcessThatEndsLeavesRoom) {
  Task& child = world.machine.fork(world.task);
  const VirtAddr a = world.map(kLimit / 2);
  for (std::size_t i = 0; i < kLimit / 2; ++i) write(world.task, a + i * kPage);
  world.machine.exit(child);
  ASSERT_TRUE(world.task.munmap(a, kLimit / 2 * kPage));
  const VirtAddr b = world.map(kLimit / 2, kReadWrite, 1);
  sweep(b, kLimit / 2, Access::Write);
  EXPECT_EQ(sweep(b, kLimit / 2, Access::Read), (Counters{}));
}

TEST_P(ReclaimTest, ALimitBelowWhatIsInUseReclaimsAtOnce) {
  const VirtAddr a = world.map(kLimit / 2);
  sweep(a, kLimit / 2, Access::Write);
  EXPECT_EQ(limit(kLimit / 4), 0);
  EXPECT_LT(resident(a, kLimit / 2), kLimit / 4);
}

INSTANTIATE_TEST_SUITE_P(Devices, ReclaimTest,
                         testing::Values(SwapDevice::Zram, SwapDevice::Disk, SwapDevice::Ssd));

using OutOfMemoryTest = ReclaimTest;

TEST_P(OutOfMemoryTest, WithoutSwapTheProcessIsKilled) {
  const VirtAddr a = world.map(2 * kLimit);
  EXPECT_THROW(sweep(a, 2 * kLimit, Access::Write), OutOfMemoryKill);
}

TEST_P(OutOfMemoryTest, PagesGivenUpAreDroppedInstead) {
  const VirtAddr a = world.map(kLimit / 2);
  sweep(a, kLimit / 2, Access::Write);
  ASSERT_TRUE(world.task.madvise(a, kLimit / 2 * kPage, MADV_FREE));
  const VirtAddr b = world.map(kLimit - 64, kReadWrite, 1);
  EXPECT_EQ(sweep(b, kLimit - 64, Access::Write), (Counters{kLimit - 64, 0, 0}));
  EXPECT_EQ(world.task.page_state(a), PageState::Absent);
}

TEST_P(OutOfMemoryTest, ALimitThatCannotBeReachedIsRefused) {
  const VirtAddr a = world.map(kLimit / 2);
  sweep(a, kLimit / 2, Access::Write);
  EXPECT_EQ(limit(kLimit / 4), EBUSY);
}

INSTANTIATE_TEST_SUITE_P(NoSwap, OutOfMemoryTest, testing::Values(SwapDevice::None));

}  // namespace
}  // namespace pagesim::test
