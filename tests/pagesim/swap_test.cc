// Pages that leave memory and come back.
#include <gtest/gtest.h>

#include "pagesim/uapi.h"
#include "tests/pagesim/world.h"

namespace pagesim::test {
namespace {

using kernel::SwapDevice;

struct SwapTest : testing::TestWithParam<SwapDevice> {
  SwapTest() { world.machine.profile().swap = GetParam(); }
  World world;
  const VirtAddr a = world.map(8);

  void fill() {
    for (std::size_t i = 0; i < 8; ++i) world.task.store<std::size_t>(a + i * kPage, i + 1);
    world.causes();
  }
};

TEST_P(SwapTest, BytesComeBack) {
  fill();
  ASSERT_TRUE(world.task.swapout(a, 8 * kPage));
  EXPECT_EQ(world.task.rss().anon, 0);
  EXPECT_EQ(world.task.rss().swap, 8 * 4096);
  EXPECT_EQ(world.task.page_state(a), PageState::Swap);
  for (std::size_t i = 0; i < 8; ++i) EXPECT_EQ(world.task.load<std::size_t>(a + i * kPage), i + 1);
  EXPECT_EQ(world.task.rss().swap, 0);
  EXPECT_EQ(world.task.rss().anon, 8 * 4096);
}

TEST_P(SwapTest, ForkSharesSlotsAndWritersPart) {
  fill();
  ASSERT_TRUE(world.task.swapout(a, 8 * kPage));
  Task& child = world.machine.fork(world.task);
  child.store<std::size_t>(a, 77);
  EXPECT_EQ(world.task.load<std::size_t>(a), 1u);
  EXPECT_EQ(child.load<std::size_t>(a), 77u);
  EXPECT_EQ(world.task.load<std::size_t>(a + kPage), 2u);
  child.store<std::size_t>(a + kPage, 78);
  EXPECT_EQ(world.task.load<std::size_t>(a + kPage), 2u);
}

TEST_P(SwapTest, FramesAreGivenBackWithTheLastProcess) {
  const std::uint64_t files = Layout{}.text_bytes / kPage;
  fill();
  ASSERT_TRUE(world.task.madvise(a, 8 * kPage, kMadvPageout));
  Task& child = world.machine.fork(world.task);
  (void)child.load<std::size_t>(a);
  world.machine.exit(world.task);
  world.machine.exit(child);
  EXPECT_EQ(world.machine.memory().frames_in_use(), files + 2);
  EXPECT_EQ(child.rss(), Rss{});
}

TEST_P(SwapTest, DontneedAndFreeDropSlots) {
  fill();
  ASSERT_TRUE(world.task.swapout(a, 8 * kPage));
  ASSERT_TRUE(world.task.madvise(a, 4 * kPage, MADV_DONTNEED));
  ASSERT_TRUE(world.task.madvise(a + 4 * kPage, 4 * kPage, MADV_FREE));
  EXPECT_EQ(world.task.rss().swap, 0);
  EXPECT_EQ(world.task.load<std::size_t>(a), 0u);
}

INSTANTIATE_TEST_SUITE_P(Devices, SwapTest, testing::Values(SwapDevice::Disk, SwapDevice::Zram));

TEST(SwapCacheTest, PagesOfADiskAreFoundUntilTheyAreWritten) {
  World world;
  world.machine.profile().swap = SwapDevice::Disk;
  const VirtAddr a = world.map(2);
  write(world.task, a);
  ASSERT_TRUE(world.task.madvise(a, kPage, kMadvPageout));
  world.causes();
  read(world.task, a);
  EXPECT_EQ(world.causes(), Causes{Cause::SwapCache});
  EXPECT_EQ(world.task.page_letters(a), "Acx");
  ASSERT_TRUE(world.task.swapout(a, kPage));
  read(world.task, a);
  EXPECT_EQ(world.causes(), Causes{Cause::SwapIn});
  EXPECT_EQ(world.task.counters().major, 1u);
}

TEST(SwapCacheTest, WithoutSwapPagesStay) {
  World world;
  const VirtAddr a = world.map(1);
  write(world.task, a);
  ASSERT_TRUE(world.task.madvise(a, kPage, kMadvPageout));
  EXPECT_EQ(world.task.page_state(a), PageState::Anon);
}

}  // namespace
}  // namespace pagesim::test
