// Equal pages that become one, as measured on Linux 6.18.
#include <gtest/gtest.h>

#include <set>

#include "pagesim/uapi.h"
#include "tests/pagesim/world.h"

namespace pagesim::test {
namespace {

struct KsmTest : testing::Test {
  World world;
  const VirtAddr a = world.map(8);

  /// Fills pages of `a` with one byte each and asks for them to be merged.
  void fill(std::size_t pages, std::uint8_t byte = 0x51) {
    for (std::size_t i = 0; i < pages; ++i) world.task.fill(a + i * kPage, byte, kPage);
    ASSERT_TRUE(world.task.madvise(a, 8 * kPage, MADV_MERGEABLE));
    world.causes();
  }
  std::set<std::uint64_t> frames(Task& task, VirtAddr at, std::size_t pages) {
    std::set<std::uint64_t> all;
    for (std::size_t i = 0; i < pages; ++i) all.insert(task.frame_of(at + i * kPage).value_or(0));
    return all;
  }
};

TEST_F(KsmTest, EqualPagesBecomeOneAndCountAsBefore) {
  fill(4);
  const Rss before = world.task.rss();
  world.machine.ksm_scan();
  EXPECT_EQ(frames(world.task, a, 4).size(), 1u);
  EXPECT_EQ(world.task.rss(), before);
  EXPECT_EQ(world.causes(), Causes{});
  EXPECT_EQ(world.task.page_state(a), PageState::AnonShared);
}

TEST_F(KsmTest, NobodyMergesWhatWasNotAdvised) {
  for (std::size_t i = 0; i < 4; ++i) world.task.fill(a + i * kPage, 7, kPage);
  world.machine.ksm_scan();
  EXPECT_EQ(frames(world.task, a, 4).size(), 4u);
}

TEST_F(KsmTest, EachWriteIsACopyTheLastOneToo) {
  fill(3);
  world.machine.ksm_scan();
  for (std::size_t i = 0; i < 3; ++i) world.task.store<std::uint8_t>(a + i * kPage, 9);
  EXPECT_EQ(world.causes(), Causes(3, Cause::CowCopy));
  EXPECT_EQ(frames(world.task, a, 3).size(), 3u);
  world.task.store<std::uint8_t>(a, 10);
  EXPECT_EQ(world.causes(), Causes{});
  EXPECT_EQ(world.task.load<std::uint8_t>(a + 1), 0x51);
}

TEST_F(KsmTest, APageThatIsLikeNoneStaysWritable) {
  fill(3);
  world.task.store<std::uint8_t>(a + 2 * kPage, 1);
  world.machine.ksm_scan();
  EXPECT_EQ(frames(world.task, a, 3).size(), 2u);
  world.causes();
  world.task.store<std::uint8_t>(a + 2 * kPage, 2);
  EXPECT_EQ(world.causes(), Causes{});
}

TEST_F(KsmTest, PagesOfZerosAreMergedTheZeroPageIsNot) {
  for (std::size_t i = 0; i < 2; ++i) world.task.store<std::uint8_t>(a + i * kPage, 0);
  ASSERT_TRUE(world.task.madvise(a, 8 * kPage, MADV_MERGEABLE));
  read(world.task, a + 2 * kPage);
  world.machine.ksm_scan();
  EXPECT_EQ(frames(world.task, a, 2).size(), 1u);
  EXPECT_EQ(world.task.page_state(a + 2 * kPage), PageState::Zero);
  EXPECT_NE(world.task.frame_of(a), world.task.frame_of(a + 2 * kPage));
}

TEST_F(KsmTest, PagesOfUnknownBytesAreLikeNoOther) {
  write(world.task, a);
  write(world.task, a + kPage);
  ASSERT_TRUE(world.task.madvise(a, 8 * kPage, MADV_MERGEABLE));
  world.machine.ksm_scan();
  EXPECT_EQ(frames(world.task, a, 2).size(), 2u);
}

TEST_F(KsmTest, ForkedPagesAreMergedInBothProcesses) {
  fill(2);
  Task& child = world.machine.fork(world.task);
  world.machine.ksm_scan();
  EXPECT_EQ(frames(world.task, a, 2), frames(child, a, 2));
  EXPECT_EQ(frames(child, a, 2).size(), 1u);
  world.causes();
  child.store<std::uint8_t>(a, 1);
  child.store<std::uint8_t>(a + kPage, 1);
  world.task.store<std::uint8_t>(a, 1);
  world.task.store<std::uint8_t>(a + kPage, 1);
  EXPECT_EQ(world.causes(), Causes(4, Cause::CowCopy));
}

TEST_F(KsmTest, AForkedPageAloneIsNotMerged) {
  fill(1);
  Task& child = world.machine.fork(world.task);
  world.machine.ksm_scan();
  world.machine.exit(child);
  world.causes();
  world.task.store<std::uint8_t>(a, 1);
  EXPECT_EQ(world.causes(), Causes{Cause::CowReuse});
}

TEST_F(KsmTest, AFrameTakes256Pages) {
  const VirtAddr b = world.map(600, kReadWrite, 1);
  for (std::size_t i = 0; i < 600; ++i) world.task.store<std::uint8_t>(b + i * kPage, 3);
  ASSERT_TRUE(world.task.madvise(b, 600 * kPage, MADV_MERGEABLE));
  world.machine.ksm_scan();
  EXPECT_EQ(frames(world.task, b, 600).size(), 3u);
}

TEST_F(KsmTest, UnmergeableCopiesAndCounts) {
  fill(4);
  world.machine.ksm_scan();
  const Counters before = world.task.counters();
  ASSERT_TRUE(world.task.madvise(a, 8 * kPage, MADV_UNMERGEABLE));
  EXPECT_EQ(world.task.counters().minor - before.minor, 4u);
  EXPECT_EQ(world.task.counters().exceptions, before.exceptions);
  EXPECT_EQ(frames(world.task, a, 4).size(), 4u);
  world.causes();
  world.machine.ksm_scan();
  EXPECT_EQ(frames(world.task, a, 4).size(), 4u);
}

TEST_F(KsmTest, LockingMergedPagesCopiesThem) {
  fill(4);
  world.machine.ksm_scan();
  ASSERT_TRUE(world.task.mlock(a, 4 * kPage));
  EXPECT_EQ(world.causes(), Causes(4, Cause::CowCopy));
}

TEST_F(KsmTest, SharedMemoryIgnoresTheAdvice) {
  const VirtAddr s =
      *world.task.mmap(VirtAddr{}, 2 * kPage, kReadWrite, MAP_SHARED | MAP_ANONYMOUS);
  ASSERT_TRUE(world.task.madvise(s, 2 * kPage, MADV_MERGEABLE));
  for (std::size_t i = 0; i < 2; ++i) world.task.fill(s + i * kPage, 7, kPage);
  world.machine.ksm_scan();
  EXPECT_EQ(frames(world.task, s, 2).size(), 2u);
}

TEST_F(KsmTest, HugePagesFallApart) {
  world.machine.profile().thp_enabled = kernel::ThpMode::Always;
  const VirtAddr h = world.map(512, kReadWrite, 1);
  for (std::size_t i = 0; i < 512; ++i)
    world.task.store<std::uint16_t>(h + i * kPage, static_cast<std::uint16_t>(i / 2 + 1));
  ASSERT_EQ(world.task.page_state(h), PageState::Huge);
  ASSERT_TRUE(world.task.madvise(h, 512 * kPage, MADV_MERGEABLE));
  world.machine.ksm_scan();
  EXPECT_EQ(frames(world.task, h, 512).size(), 256u);
  EXPECT_EQ(world.task.page_state(h), PageState::AnonShared);
}

struct KsmSwapTest : KsmTest, testing::WithParamInterface<kernel::SwapDevice> {
  KsmSwapTest() {
    world.machine.profile().swap = GetParam();
    world.machine.profile().memory_limit = 256 * kPage;
    world.machine.limit_memory();
  }
  /// A page that several used is active: it goes when more are, found in use twice.
  void press() {
    const VirtAddr hog = world.map(1024, kReadWrite, 1);
    for (std::size_t i = 0; i < 1024; ++i) {
      write(world.task, hog + i * kPage);
      if (i % 64 != 63) continue;
      ASSERT_TRUE(world.task.mprotect(hog, 1024 * kPage, PROT_READ));  // empties the TLB
      ASSERT_TRUE(world.task.mprotect(hog, 1024 * kPage, kReadWrite));
      for (std::size_t used = i - 63; used <= i; ++used) read(world.task, hog + used * kPage);
    }
    ASSERT_TRUE(world.task.munmap(hog, 1024 * kPage));
    world.causes();
  }
};

/// Who swaps a merged page out and in has a page like any other: it must not be taken for merged.
TEST_P(KsmSwapTest, AMergedPageComesBackAsPagesOfTheirOwn) {
  fill(5);
  world.machine.ksm_scan();
  press();
  for (std::size_t i = 0; i < 5; ++i)
    ASSERT_EQ(world.task.page_state(a + i * kPage), PageState::Swap);
  for (std::size_t i = 0; i < 5; ++i) read(world.task, a + i * kPage);
  EXPECT_EQ(world.causes(), (Causes{Cause::SwapIn, Cause::SwapCache, Cause::SwapCache,
                                    Cause::SwapCache, Cause::SwapCache}));
  EXPECT_EQ(frames(world.task, a, 5).size(), 5u);
  for (std::size_t i = 0; i < 5; ++i) world.task.store<std::uint8_t>(a + i * kPage, 1);
  EXPECT_EQ(world.causes(), Causes{Cause::CowReuse});
  for (std::size_t i = 0; i < 5; ++i)
    EXPECT_EQ(world.task.load<std::uint8_t>(a + i * kPage + 1), 0x51);
}

TEST_P(KsmSwapTest, ItCanBeMergedAgain) {
  fill(4);
  world.machine.ksm_scan();
  press();
  for (std::size_t i = 0; i < 4; ++i) read(world.task, a + i * kPage);
  world.machine.ksm_scan();
  EXPECT_EQ(frames(world.task, a, 4).size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Devices, KsmSwapTest,
                         testing::Values(kernel::SwapDevice::Zram, kernel::SwapDevice::Ssd));

}  // namespace
}  // namespace pagesim::test
