// The memory system calls: areas, limits, errors.
#include <gtest/gtest.h>

#include <cerrno>

#include "pagesim/uapi.h"
#include "tests/pagesim/world.h"

namespace pagesim::test {
namespace {

std::size_t areas_near(const Task& task, VirtAddr low, VirtAddr high) {
  std::size_t count = 0;
  for (const MapLine& line : task.maps()) count += line.start < high && low < line.end;
  return count;
}

TEST(MmapTest, FillsTheAreaTopDownAndJoinsNeighbours) {
  World world;
  const VirtAddr first = *world.task.mmap(VirtAddr{}, kPage, kReadWrite, kPrivate);
  const VirtAddr second = *world.task.mmap(VirtAddr{}, 100, kReadWrite, kPrivate);
  EXPECT_EQ(second, first - kPage);
  EXPECT_EQ(areas_near(world.task, second, first + kPage), 1u);
}

TEST(MmapTest, FillsTheHighestHoleThatIsLargeEnough) {
  World world;
  const VirtAddr a = *world.task.mmap(VirtAddr{}, 16 * kPage, kReadWrite, kPrivate);
  ASSERT_TRUE(world.task.munmap(a + 8 * kPage, 4 * kPage));
  EXPECT_EQ(*world.task.mmap(VirtAddr{}, 5 * kPage, kReadWrite, kPrivate), a - 5 * kPage);
  EXPECT_EQ(*world.task.mmap(VirtAddr{}, 3 * kPage, kReadWrite, kPrivate), a + 9 * kPage);
}

TEST(MmapTest, RefusesWhatLinuxRefuses) {
  World world;
  Task& task = world.task;
  EXPECT_EQ(task.mmap(VirtAddr{}, 0, kReadWrite, kPrivate).error(), EINVAL);
  EXPECT_EQ(task.mmap(VirtAddr{}, kPage, kReadWrite, MAP_ANONYMOUS).error(), EINVAL);
  EXPECT_EQ(task.mmap(kFarAway + 1, kPage, kReadWrite, kPrivate | MAP_FIXED).error(), EINVAL);
  EXPECT_EQ(task.mmap(VirtAddr{}, std::size_t{1} << 47, kReadWrite, kPrivate).error(), ENOMEM);
  world.map(1);
  EXPECT_EQ(task.mmap(kFarAway, kPage, kReadWrite, kPrivate | MAP_FIXED_NOREPLACE).error(), EEXIST);
}

TEST(MmapTest, HonoursTheLimits) {
  Layout layout;
  layout.address_space_limit = 64u << 20;
  layout.data_limit = 8u << 20;
  Machine machine;
  Task& task = machine.boot(layout);
  EXPECT_EQ(task.mmap(VirtAddr{}, 65u << 20, PROT_READ, kPrivate).error(), ENOMEM);
  EXPECT_EQ(task.mmap(VirtAddr{}, 9u << 20, kReadWrite, kPrivate).error(), ENOMEM);
  EXPECT_TRUE(task.mmap(VirtAddr{}, 9u << 20, PROT_NONE, kPrivate));
  machine.profile().max_map_count = 3;
  EXPECT_EQ(task.mmap(kFarAway, kPage, kReadWrite, kPrivate).error(), ENOMEM);
}

TEST(BrkTest, StopsAtANeighbourAndRegrowsAbsent) {
  World world;
  const VirtAddr heap = *world.task.brk(VirtAddr{});
  ASSERT_TRUE(world.task.mmap(heap + 16 * kPage, kPage, kReadWrite, kPrivate | MAP_FIXED));
  EXPECT_EQ(*world.task.brk(heap + 16 * kPage), heap);
  EXPECT_EQ(*world.task.brk(heap + 15 * kPage), heap + 15 * kPage);
  write(world.task, heap + 14 * kPage);
  EXPECT_EQ(*world.task.brk(heap + 100), heap + 100);
  EXPECT_EQ(*world.task.brk(heap + 15 * kPage), heap + 15 * kPage);
  EXPECT_EQ(world.task.page_state(heap + 14 * kPage), PageState::Absent);
}

TEST(MprotectTest, ExclusivePagesBecomeWritableAtOnce) {
  World world;
  const VirtAddr a = world.map(4);
  write(world.task, a);
  read(world.task, a + kPage);
  ASSERT_TRUE(world.task.mprotect(a, 4 * kPage, PROT_READ));
  EXPECT_EQ(signal_of([&] { write(world.task, a); }).error_code, 7u);
  ASSERT_TRUE(world.task.mprotect(a, 4 * kPage, kReadWrite));
  world.causes();
  write(world.task, a);
  write(world.task, a + kPage);
  EXPECT_EQ(world.causes(), std::vector<Cause>{Cause::ZeroUpgrade});
}

TEST(MprotectTest, CutsAndRejoinsAreas) {
  World world;
  const VirtAddr a = world.map(8);
  write(world.task, a);
  ASSERT_TRUE(world.task.mprotect(a + 2 * kPage, 2 * kPage, PROT_NONE));
  EXPECT_EQ(areas_near(world.task, a, a + 8 * kPage), 3u);
  ASSERT_TRUE(world.task.mprotect(a + 2 * kPage, 2 * kPage, kReadWrite));
  EXPECT_EQ(areas_near(world.task, a, a + 8 * kPage), 1u);
  EXPECT_EQ(world.task.mprotect(a, 9 * kPage, PROT_READ).error(), ENOMEM);
}

TEST(MremapTest, MovesPagesWithoutFaults) {
  World world;
  const VirtAddr a = world.map(4);
  world.task.store<std::uint32_t>(a + kPage, 77);
  world.causes();
  const VirtAddr to = kFarAway + (std::size_t{6} << 30);
  const auto moved = world.task.mremap(a, 4 * kPage, 6 * kPage, kMremapMaymove | kMremapFixed, to);
  ASSERT_EQ(*moved, to);
  EXPECT_EQ(world.task.load<std::uint32_t>(to + kPage), 77u);
  EXPECT_TRUE(world.causes().empty());
  EXPECT_EQ(signal_of([&] { read(world.task, a); }).code, SEGV_MAPERR);
}

TEST(MremapTest, GrowsInPlaceOrMovesOrFails) {
  World world;
  const VirtAddr a = world.map(4);
  EXPECT_EQ(*world.task.mremap(a, 4 * kPage, 8 * kPage, 0), a);
  ASSERT_TRUE(world.task.mmap(a + 8 * kPage, kPage, PROT_READ, kPrivate | MAP_FIXED));
  EXPECT_EQ(world.task.mremap(a, 8 * kPage, 9 * kPage, 0).error(), ENOMEM);
  EXPECT_NE(*world.task.mremap(a, 8 * kPage, 9 * kPage, kMremapMaymove), a);
}

TEST(MunmapTest, FreesTablesNoNeighbourNeeds) {
  World world;
  const VirtAddr a = world.map(1024);
  const Rss before = world.task.rss();
  write(world.task, a);
  write(world.task, a + 600 * kPage);
  ASSERT_TRUE(world.task.munmap(a, 10 * kPage));
  EXPECT_EQ((world.task.rss() - before).page_tables, 4 * 4096);
  ASSERT_TRUE(world.task.munmap(a + 10 * kPage, 1014 * kPage));
  EXPECT_EQ(world.task.rss(), before);
}

TEST(MlockTest, PopulatesWithWriteAccessOnFaultDoesNot) {
  World world;
  const VirtAddr a = world.map(8);
  read(world.task, a);
  world.machine.ledger().clear_records();
  ASSERT_TRUE(world.task.mlock(a, 4 * kPage));
  EXPECT_EQ(world.task.page_state(a), PageState::Anon);
  ASSERT_TRUE(world.task.mlock2(a + 4 * kPage, 4 * kPage, kMlockOnfault));
  EXPECT_EQ(world.machine.ledger().records().size(), 4u);
  EXPECT_EQ(world.machine.ledger().records()[0].mode, Mode::Gup);
  EXPECT_EQ(world.task.counters().exceptions, 1u);
}

TEST(MadviseTest, DontneedDropsAndFreeKeepsUntilPagedOut) {
  World world;
  const VirtAddr a = world.map(4);
  for (std::size_t i = 0; i < 4; ++i) write(world.task, a + i * kPage);
  ASSERT_TRUE(world.task.madvise(a, kPage, MADV_DONTNEED));
  EXPECT_EQ(world.task.page_state(a), PageState::Absent);
  ASSERT_TRUE(world.task.madvise(a + kPage, 3 * kPage, MADV_FREE));
  write(world.task, a + kPage);
  ASSERT_TRUE(world.task.madvise(a, 4 * kPage, kMadvPageout));
  EXPECT_EQ(world.task.page_state(a + kPage), PageState::Anon);
  EXPECT_EQ(world.task.page_state(a + 2 * kPage), PageState::Absent);
}

TEST(MincoreTest, TellsWhatIsMapped) {
  World world;
  const VirtAddr a = world.map(3);
  write(world.task, a + kPage);
  EXPECT_EQ(*world.task.mincore(a, 3 * kPage), (std::vector<std::uint8_t>{0, 1, 0}));
  EXPECT_EQ(world.task.mincore(a, 4 * kPage).error(), ENOMEM);
}

}  // namespace
}  // namespace pagesim::test
