// Huge pages: whole blocks, split blocks, folios in between, the administrator's pool.
#include <gtest/gtest.h>

#include <random>

#include "pagesim/uapi.h"
#include "tests/pagesim/world.h"

namespace pagesim::test {
namespace {

using kernel::ThpMode;
constexpr std::size_t kBlock = 512 * kPage;

struct HugeTest : testing::Test {
  World world;
  VirtAddr map_huge(std::size_t pages, unsigned number = 0) {
    const VirtAddr at = world.map(pages, kReadWrite, number);
    EXPECT_TRUE(world.task.madvise(at, pages * kPage, MADV_HUGEPAGE));
    return at;
  }
};

TEST_F(HugeTest, OneFaultMapsAWholeBlock) {
  const VirtAddr a = map_huge(1024);
  write(world.task, a + 100 * kPage);
  for (std::size_t i = 0; i < 512; ++i) world.task.store<std::size_t>(a + i * kPage, i);
  EXPECT_EQ(world.causes(), Causes{Cause::HugeFirstWrite});
  EXPECT_EQ(world.task.rss().anon, static_cast<std::int64_t>(kBlock));
  EXPECT_EQ(world.task.page_state(a), PageState::Huge);
  EXPECT_EQ(world.task.walk(a).back().level, 1u);
  EXPECT_EQ(world.task.load<std::size_t>(a + 511 * kPage), 511u);
}

TEST_F(HugeTest, UnalignedEndsGetSmallPages) {
  const VirtAddr a = map_huge(600);
  write(world.task, a + 512 * kPage);
  EXPECT_EQ(world.causes(), Causes{Cause::FirstWrite});
}

TEST_F(HugeTest, SplitsKeepEveryByteAndCostNoFault) {
  const VirtAddr a = map_huge(512);
  for (std::size_t i = 0; i < 512; ++i) world.task.store<std::size_t>(a + i * kPage, i + 1);
  const Rss before = world.task.rss();
  world.causes();
  ASSERT_TRUE(world.task.munmap(a + 10 * kPage, 5 * kPage));
  for (std::size_t i = 15; i < 512; ++i)
    ASSERT_EQ(world.task.load<std::size_t>(a + i * kPage), i + 1);
  write(world.task, a);
  EXPECT_TRUE(world.causes().empty());
  EXPECT_EQ((world.task.rss() - before).anon, -5 * 4096);
  EXPECT_EQ((world.task.rss() - before).page_tables, 0);
}

TEST_F(HugeTest, ForkSharesABlockAndWritersTakeSinglePages) {
  const VirtAddr a = map_huge(512);
  world.task.store<std::size_t>(a, 1);
  world.task.store<std::size_t>(a + kPage, 2);
  Task& child = world.machine.fork(world.task);
  world.causes();
  child.store<std::size_t>(a, 3);
  EXPECT_EQ(world.causes(), Causes{Cause::CowCopy});
  EXPECT_EQ(child.load<std::size_t>(a + kPage), 2u);
  EXPECT_EQ(world.task.load<std::size_t>(a), 1u);
  world.machine.exit(child);
  world.task.store<std::size_t>(a + kPage, 4);
  EXPECT_EQ(world.causes(), Causes{Cause::CowReuse});
}

TEST_F(HugeTest, CollapseGathersPagesAndSwap) {
  world.machine.profile().swap = kernel::SwapDevice::Zram;
  const VirtAddr a = world.map(512);
  world.task.store<std::size_t>(a + 3 * kPage, 3);
  world.task.store<std::size_t>(a + 4 * kPage, 4);
  ASSERT_TRUE(world.task.swapout(a + 4 * kPage, kPage));
  read(world.task, a + 5 * kPage);
  world.causes();
  ASSERT_TRUE(world.task.madvise(a, kBlock, kMadvCollapse));
  EXPECT_EQ(world.task.page_state(a), PageState::Huge);
  EXPECT_EQ(world.task.load<std::size_t>(a + 3 * kPage), 3u);
  EXPECT_EQ(world.task.load<std::size_t>(a + 4 * kPage), 4u);
  EXPECT_EQ(world.task.rss().swap, 0);
  EXPECT_TRUE(world.causes().empty());
}

TEST_F(HugeTest, OutOfHugePagesFallsBackToSmallOnes) {
  MachineConfig config;
  config.memory_bytes = 256 * kPage;
  Machine machine{config};
  Task& task = machine.boot();
  machine.profile().overcommit_memory = 1;
  const VirtAddr a = *task.mmap(kFarAway, kBlock, kReadWrite, kPrivate | MAP_FIXED);
  ASSERT_TRUE(task.madvise(a, kBlock, MADV_HUGEPAGE));
  write(task, a);
  EXPECT_EQ(task.page_state(a), PageState::Anon);
}

TEST_F(HugeTest, SmallerFoliosFillTheirAlignedBlock) {
  world.machine.profile().mthp_enabled[4] = ThpMode::Always;
  const VirtAddr a = world.map(64);
  write(world.task, a + 20 * kPage);
  EXPECT_EQ(world.task.rss().anon, 16 * 4096);
  EXPECT_EQ(world.task.page_state(a + 16 * kPage), PageState::Huge);
  EXPECT_EQ(world.task.page_state(a + 15 * kPage), PageState::Absent);
}

TEST_F(HugeTest, PoolPagesAreWholeAndRunOutInASignal) {
  world.machine.profile().nr_hugepages = 2;
  const int flags = kPrivate | MAP_FIXED | MAP_HUGETLB;
  ASSERT_TRUE(world.task.mmap(kFarAway, 2 * kBlock, kReadWrite, flags));
  EXPECT_EQ(world.task.mmap(VirtAddr{}, 3 * kBlock, kReadWrite, flags & ~MAP_FIXED).error(),
            ENOMEM);
  write(world.task, kFarAway);
  write(world.task, kFarAway + kBlock);
  EXPECT_EQ(world.causes(), (Causes{Cause::Hugetlb, Cause::Hugetlb}));
  EXPECT_EQ(world.task.rss().anon, 0);
  Task& child = world.machine.fork(world.task);
  EXPECT_EQ(signal_of([&] { write(child, kFarAway); }).number, SIGBUS);
  world.machine.exit(child);
  write(world.task, kFarAway);
  EXPECT_EQ(world.task.munmap(kFarAway, kPage).error(), EINVAL);
  ASSERT_TRUE(world.task.munmap(kFarAway, 2 * kBlock));
  EXPECT_TRUE(world.task.mmap(kFarAway, 2 * kBlock, kReadWrite, flags));
}

/// Random changes to blocks of two processes: bytes stay, frames and counters come back to zero.
TEST_F(HugeTest, NothingIsLostInRandomUse) {
  const std::uint64_t files = Layout{}.text_bytes / kPage;
  const VirtAddr a = map_huge(4 * 512);
  std::vector<std::size_t> words(4 * 512, 0);
  std::mt19937_64 random{7};
  Task* child = nullptr;
  std::uint64_t processes = 1;
  for (std::size_t step = 1; step < 4000; ++step) {
    const std::size_t page = random() % words.size();
    const VirtAddr at = a + page * kPage;
    switch (random() % 12) {
      case 0:
        ASSERT_TRUE(world.task.madvise(at, kPage, MADV_DONTNEED));
        words[page] = 0;
        break;
      case 1:
        ASSERT_TRUE(world.task.mprotect(at, kPage, PROT_READ));
        ASSERT_TRUE(world.task.mprotect(at, kPage, kReadWrite));
        break;
      case 2:
        if (child != nullptr) world.machine.exit(*child);
        child = &world.machine.fork(world.task);
        ++processes;
        break;
      case 3:
        if (child != nullptr) write(*child, at);
        break;
      case 4:
        (void)world.task.madvise(at.align_down(kBlock), kBlock, kMadvCollapse);
        break;
      default:
        ASSERT_EQ(world.task.load<std::size_t>(at), words[page]) << "step " << step;
        world.task.store<std::size_t>(at, words[page] = step);
    }
  }
  if (child != nullptr) world.machine.exit(*child);
  world.machine.exit(world.task);
  EXPECT_EQ(world.task.rss(), Rss{});
  const std::uint64_t zero = world.machine.kernel().huge_zero ? 512 : 0;
  EXPECT_EQ(world.machine.memory().frames_in_use(), files + processes + zero);
}

}  // namespace
}  // namespace pagesim::test
