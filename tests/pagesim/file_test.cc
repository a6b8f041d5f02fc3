// Files and shared memory: fault-around, copies, write notification, read-ahead, truncation.
#include <gtest/gtest.h>
#include <signal.h>

#include "pagesim/uapi.h"
#include "tests/pagesim/world.h"

namespace pagesim::test {
namespace {

using Runs = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

struct FileTest : testing::Test {
  World world;
  std::shared_ptr<kernel::File> file = world.machine.create_file("f", 64 * kPage);

  VirtAddr map_file(int type, int prot = kReadWrite, unsigned number = 0) {
    const VirtAddr at = kFarAway + number * (std::size_t{2} << 30);
    return *world.task.mmap(at, 64 * kPage, prot, type | MAP_FIXED, file);
  }
  [[nodiscard]] std::string letters(VirtAddr at, std::size_t pages) const {
    std::string all;
    for (std::size_t i = 0; i < pages; ++i) all += world.task.page_letters(at + i * kPage)[0];
    return all;
  }
};

TEST_F(FileTest, ReadsMapSixteenAlignedPages) {
  const VirtAddr a = map_file(MAP_PRIVATE);
  read(world.task, a + 20 * kPage);
  EXPECT_EQ(world.causes(), Causes{Cause::FileMap});
  EXPECT_EQ(letters(a, 64), std::string(16, '-') + std::string(16, 'F') + std::string(32, '-'));
  EXPECT_EQ(world.task.rss().file, 16 * 4096);
}

TEST_F(FileTest, PrivateWritesCopyOnePageEach) {
  const VirtAddr a = map_file(MAP_PRIVATE);
  write(world.task, a);
  read(world.task, a + kPage);
  write(world.task, a + kPage);
  EXPECT_EQ(world.causes(), (Causes{Cause::FileCow, Cause::FileMap, Cause::FileCow}));
  EXPECT_EQ(world.task.rss().anon, 2 * 4096);
  EXPECT_EQ(world.task.rss().file, 14 * 4096);
}

TEST_F(FileTest, SharedWritesAreHeardOfUntilWrittenBack) {
  const VirtAddr a = map_file(MAP_SHARED);
  read(world.task, a);
  write(world.task, a);
  write(world.task, a);
  EXPECT_EQ(world.causes(), (Causes{Cause::FileMap, Cause::Mkwrite}));
  ASSERT_TRUE(world.task.msync(a, kPage));
  write(world.task, a);
  EXPECT_EQ(world.causes(), Causes{Cause::Mkwrite});
}

TEST_F(FileTest, MissesReadAroundAndSkipTheMark) {
  world.machine.evict(*file);
  EXPECT_TRUE(file->cached_runs().empty());
  const VirtAddr a = map_file(MAP_PRIVATE, PROT_READ);
  read(world.task, a + 20 * kPage);
  EXPECT_EQ(world.task.counters(), (Counters{0, 1, 1}));
  EXPECT_EQ(file->cached_runs(), (Runs{{4, 35}}));
  EXPECT_EQ(letters(a + 16 * kPage, 16), std::string(12, 'F') + "-" + std::string(3, 'F'));
}

TEST_F(FileTest, PopulateCountsColdPagesAsMinor) {
  world.machine.evict(*file);
  ASSERT_TRUE(world.task.mmap(kFarAway, 64 * kPage, PROT_READ,
                              MAP_PRIVATE | MAP_FIXED | MAP_POPULATE, file));
  EXPECT_EQ(world.task.counters().major, 0u);
  EXPECT_EQ(world.task.rss().file, 64 * 4096);
}

TEST_F(FileTest, TouchesPastTheEndAreSigbusWithoutALeafTable) {
  const auto empty = world.machine.create_file("empty", 0);
  ASSERT_TRUE(world.task.mmap(kFarAway, kPage, kReadWrite, MAP_PRIVATE | MAP_FIXED, empty));
  const Rss before = world.task.rss();
  const SignalInfo info = signal_of([&] { read(world.task, kFarAway + 7); });
  EXPECT_EQ(info.number, SIGBUS);
  EXPECT_EQ(info.code, BUS_ADRERR);
  EXPECT_EQ((world.task.rss() - before).page_tables, 2 * 4096);
}

TEST_F(FileTest, TruncateTakesPrivateCopiesAlongPunchDoesNot) {
  const VirtAddr a = map_file(MAP_PRIVATE);
  write(world.task, a + 4 * kPage);
  write(world.task, a + 40 * kPage);
  world.machine.punch(*file, {4, 5});
  EXPECT_EQ(world.task.page_state(a + 4 * kPage), PageState::Anon);
  world.machine.truncate(*file, 30 * kPage);
  EXPECT_EQ(world.task.page_state(a + 40 * kPage), PageState::Absent);
  EXPECT_EQ(signal_of([&] { read(world.task, a + 40 * kPage); }).number, SIGBUS);
}

TEST_F(FileTest, SharedMappingsSeeEachOthersBytes) {
  const VirtAddr a = map_file(MAP_SHARED, kReadWrite, 0);
  const VirtAddr b = map_file(MAP_SHARED, kReadWrite, 1);
  world.task.store<std::uint32_t>(a + 100, 5);
  EXPECT_EQ(world.task.load<std::uint32_t>(b + 100), 5u);
}

TEST_F(FileTest, BytesSurviveEviction) {
  const VirtAddr a = map_file(MAP_SHARED);
  world.task.store<std::uint32_t>(a + 100, 5);
  ASSERT_TRUE(world.task.munmap(a, 64 * kPage));
  world.machine.evict(*file);
  EXPECT_EQ(world.task.load<std::uint32_t>(map_file(MAP_SHARED) + 100), 5u);
}

TEST_F(FileTest, ReadAndWriteMoveBytes) {
  const VirtAddr a = world.map(4, kReadWrite, 2);
  world.task.store<std::uint32_t>(a + 100, 1234);
  EXPECT_EQ(world.task.write(*file, 64 * kPage - 2, a + 100, 4).value(), 4u);
  EXPECT_EQ(file->bytes(), 64 * kPage + 2);
  EXPECT_EQ(world.task.read(*file, 64 * kPage - 2, a + 2 * kPage, 100).value(), 4u);
  EXPECT_EQ(world.task.load<std::uint32_t>(a + 2 * kPage), 1234u);
}

TEST(ShmemTest, ReadsAllocateAndMapWritable) {
  World world;
  const VirtAddr a =
      *world.task.mmap(kFarAway, 4 * kPage, kReadWrite, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED);
  read(world.task, a);
  write(world.task, a);
  EXPECT_EQ(world.causes(), Causes{Cause::ShmemNew});
  EXPECT_EQ(world.task.rss().shmem, 4096);
  EXPECT_EQ(world.task.page_state(a), PageState::Shmem);
}

TEST(ShmemTest, ForkSharesAndDontneedKeepsThePages) {
  World world;
  const VirtAddr a =
      *world.task.mmap(kFarAway, 32 * kPage, kReadWrite, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED);
  for (std::size_t i = 0; i < 32; ++i) world.task.store<std::size_t>(a + i * kPage, i);
  Task& child = world.machine.fork(world.task);
  EXPECT_EQ(child.page_state(a), PageState::Absent);
  child.store<std::size_t>(a, 99);
  EXPECT_EQ(world.task.load<std::size_t>(a), 99u);
  ASSERT_TRUE(world.task.madvise(a, 32 * kPage, MADV_DONTNEED));
  const Counters before = world.task.counters();
  for (std::size_t i = 1; i < 32; ++i) EXPECT_EQ(world.task.load<std::size_t>(a + i * kPage), i);
  EXPECT_EQ(world.task.counters().minor - before.minor, 2u);
}

TEST(ShmemTest, MemoryIsGivenBackWithTheLastMapping) {
  World world;
  const std::uint64_t before = world.machine.memory().frames_in_use();
  const VirtAddr a =
      *world.task.mmap(kFarAway, 4 * kPage, kReadWrite, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED);
  for (std::size_t i = 0; i < 4; ++i) write(world.task, a + i * kPage);
  ASSERT_TRUE(world.task.munmap(a, 2 * kPage));
  ASSERT_TRUE(world.task.munmap(a + 2 * kPage, 2 * kPage));
  EXPECT_EQ(world.machine.memory().frames_in_use(), before);
}

}  // namespace
}  // namespace pagesim::test
