// The machines: splits, layouts, huge pages, windows, guard gaps.
#include "pagesim/machines.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "pagesim/hardware/arch/x86.h"
#include "tests/pagesim/world.h"

namespace pagesim::test {
namespace {

class MachineTest : public testing::TestWithParam<std::string_view> {
 protected:
  World world_{GetParam()};
  const hardware::Geometry geometry_ = world_.model.config.geometry;
  Task& task_ = world_.task;

  VirtAddr map(std::size_t pages, int prot = kReadWrite, int flags = 0) {
    return *task_.mmap(VirtAddr{}, pages * world_.page, prot, kPrivate | flags);
  }
};

TEST(MachineModelTest, OfX8664IsTheDefault) {
  const MachineModel model = *machine_model("x86-64");
  const Layout plain;
  EXPECT_EQ(model.config.geometry.index_bits, hardware::Geometry{}.index_bits);
  EXPECT_EQ(model.config.geometry.user_end, hardware::Geometry{}.user_end);
  for (auto member :
       {&Layout::text, &Layout::globals, &Layout::heap, &Layout::thread_locals, &Layout::mmap_base,
        &Layout::stack_top, &Layout::task_size, &Layout::map_window, &Layout::unmapped_base})
    EXPECT_EQ(model.layout.*member, plain.*member);
  EXPECT_EQ(model.layout.stack_bytes, plain.stack_bytes);
  EXPECT_EQ(model.layout.thread_bytes, plain.thread_bytes);
  EXPECT_EQ(model.layout.globals_bytes, plain.globals_bytes);
}

TEST(MachineModelTest, ThereIsNoneOfAnotherName) { EXPECT_FALSE(machine_model("sparc")); }

TEST(MachineModelTest, SplitsAreThoseOfTheSpecification) {
  const auto split = [](std::string_view name) {
    const hardware::Geometry geometry = machine_model(name)->config.geometry;
    std::string text;
    for (unsigned level = geometry.levels; level-- > 0;)
      text += std::to_string(geometry.index_bits[level]) + " ";
    return text + std::to_string(geometry.page_shift);
  };
  EXPECT_EQ(split("x86-64"), "9 9 9 9 12");
  EXPECT_EQ(split("x86-64-5level"), "9 9 9 9 9 12");
  EXPECT_EQ(split("i386"), "10 10 12");
  EXPECT_EQ(split("i386-pae"), "2 9 9 12");
  EXPECT_EQ(split("arm64-4k"), "9 9 9 9 12");
  EXPECT_EQ(split("arm64-16k"), "1 11 11 11 14");
  EXPECT_EQ(split("arm64-64k"), "6 13 13 16");
}

TEST(MachineModelTest, Arm64AddressSizesGiveTheLevelsOfTheSpecification) {
  EXPECT_EQ(arm64_geometry(12, 39).levels, 3u);
  EXPECT_EQ(arm64_geometry(12, 52).levels, 5u);
  EXPECT_EQ(arm64_geometry(14, 36).levels, 2u);
  EXPECT_EQ(arm64_geometry(14, 47).levels, 3u);
  EXPECT_EQ(arm64_geometry(14, 52).index_bits[3], 5);
  EXPECT_EQ(arm64_geometry(16, 42).levels, 2u);
  EXPECT_EQ(arm64_geometry(16, 52).index_bits[2], 10);
}

TEST_P(MachineTest, BothEndsOfAPageAreOnIt) {
  const VirtAddr at = map(2);
  write(task_, at);
  write(task_, at + world_.page - 1);
  EXPECT_EQ(task_.counters().minor, 1u);
  write(task_, at + world_.page);
  EXPECT_EQ(task_.counters().minor, 2u);
  EXPECT_EQ(task_.rss().anon, static_cast<std::int64_t>(2 * world_.page));
}

TEST_P(MachineTest, BytesSurviveReadsForksAndCopies) {
  const VirtAddr at = map(3) + world_.page - 4;  // across two pages
  task_.store<std::uint64_t>(at, 0x0123456789abcdef);
  Task& child = world_.machine.fork(task_);
  child.store<std::uint8_t>(at, 0xff);
  EXPECT_EQ(task_.load<std::uint64_t>(at), 0x0123456789abcdefu);
  EXPECT_EQ(child.load<std::uint64_t>(at), 0x0123456789abcdffu);
}

TEST_P(MachineTest, AHugePageIsWhatALeafTableMaps) {
  const std::size_t block = std::size_t{1} << geometry_.shift(1);
  const std::size_t expected = geometry_.entry_bytes == 4   ? std::size_t{4} << 20
                               : geometry_.page_shift == 12 ? std::size_t{2} << 20
                               : geometry_.page_shift == 14 ? std::size_t{32} << 20
                                                            : std::size_t{512} << 20;
  EXPECT_EQ(block, expected);
  const VirtAddr at = map(2 * block / world_.page).align_up(block);
  ASSERT_TRUE(task_.madvise(at, block, MADV_HUGEPAGE));
  const std::int64_t tables = task_.rss().page_tables;
  write(task_, at + 12345);
  EXPECT_EQ(world_.causes(), std::vector<Cause>{Cause::HugeFirstWrite});
  EXPECT_EQ(task_.rss().anon, static_cast<std::int64_t>(block));
  EXPECT_EQ(task_.walk(at).back().level, 1u);
  EXPECT_GE(task_.rss().page_tables, tables + static_cast<std::int64_t>(world_.page));
  task_.store<std::uint32_t>(at + block - 4, 77);
  ASSERT_TRUE(task_.munmap(at, world_.page));
  EXPECT_EQ(task_.load<std::uint32_t>(at + block - 4), 77u);
  EXPECT_TRUE(world_.causes().empty());
}

TEST_P(MachineTest, MappingAroundAFaultTakesSixtyFourKibibytes) {
  const std::size_t pages = 64;
  const auto file = world_.machine.create_file("f", pages * world_.page);
  const VirtAddr at =
      *task_.mmap(world_.far, pages * world_.page, PROT_READ, MAP_SHARED | MAP_FIXED, file);
  read(task_, at + 20 * world_.page);
  const std::size_t window = std::max<std::size_t>(65536 / world_.page, 1);
  EXPECT_EQ(task_.rss().file, static_cast<std::int64_t>(window * world_.page));
}

TEST_P(MachineTest, MappingAroundAFaultEndsWithTheLeafTable) {
  const std::size_t window = 65536 / world_.page;
  if (window < 2) GTEST_SKIP() << "pages of 64 KiB: there is no window";
  const auto file = world_.machine.create_file("f", 64 * world_.page);
  const VirtAddr end = world_.far + (std::size_t{1} << geometry_.shift(1));
  const VirtAddr at =
      *task_.mmap(end - 3 * world_.page, 64 * world_.page, PROT_READ, MAP_SHARED | MAP_FIXED, file);
  read(task_, at);
  EXPECT_EQ(task_.rss().file,
            static_cast<std::int64_t>(std::min<std::size_t>(window, 3) * world_.page));
}

TEST_P(MachineTest, AStackKeepsItsGuardGapInPages) {
  const std::size_t gap = 256 * world_.page;
  const VirtAddr stack = *task_.mmap(world_.far + 2 * gap, 4 * world_.page, kReadWrite,
                                     kPrivate | MAP_FIXED | MAP_GROWSDOWN);
  ASSERT_TRUE(task_.mmap(world_.far, world_.page, kReadWrite, kPrivate | MAP_FIXED));
  const VirtAddr lowest = world_.far + world_.page + gap;
  EXPECT_EQ(signal_of([&] { write(task_, stack - 1); }).number, 0);
  if (stack - lowest + 4 * world_.page <= world_.model.layout.stack_limit) {
    EXPECT_EQ(signal_of([&] { write(task_, lowest); }).number, 0);
  }
  EXPECT_EQ(signal_of([&] { write(task_, lowest - 1); }).code, SEGV_MAPERR);
}

TEST_P(MachineTest, UserAccessPastTheSplitIsAMapErrorNobodyCounts) {
  for (const Access access : {Access::Read, Access::Write}) {
    const std::uint64_t kernel = geometry_.arch == hardware::Arch::X86 && !geometry_.is_32_bit()
                                     ? ~std::uint64_t{0} << (geometry_.address_bits() - 1)
                                     : geometry_.user_end;
    const SignalInfo signal = signal_of([&] { task_.touch(VirtAddr{kernel}, 1, access); });
    EXPECT_EQ(signal.number, SIGSEGV);
    EXPECT_EQ(signal.code, SEGV_MAPERR);
    if (geometry_.arch == hardware::Arch::X86) {
      EXPECT_EQ(signal.error_code, access == Access::Read ? 5u : 7u);
    }
  }
  EXPECT_TRUE(world_.machine.ledger().records().empty());
  EXPECT_EQ(task_.counters(), Counters{});
}

TEST_P(MachineTest, ExecutionOfDataIsRefusedWhereEntriesCanForbidIt) {
  const VirtAddr at = map(1);
  write(task_, at);
  const SignalInfo signal = signal_of([&] { task_.exec(at); });
  EXPECT_EQ(signal.number, geometry_.entry_bytes == 4 ? 0 : SIGSEGV);
}

TEST_P(MachineTest, ReadAheadIsCountedInPagesOfTheMachine) {
  const auto file = world_.machine.create_file("f", 256 * world_.page);
  world_.machine.evict(*file);
  const VirtAddr at = *task_.mmap(VirtAddr{}, 256 * world_.page, PROT_READ, MAP_SHARED, file);
  read(task_, at + 100 * world_.page);
  EXPECT_EQ(task_.counters().major, 1u);
  EXPECT_EQ(file->cached_pages(0, 255).size(), std::size_t{128 << 10} / world_.page);
}

TEST_P(MachineTest, TheLastPageOfUserSpaceCanBeMappedAndNothingAbove) {
  const VirtAddr end = world_.model.layout.task_size;
  const VirtAddr at = world_.model.layout.map_window == end
                          ? end - 256 * world_.page - world_.model.layout.stack_bytes
                          : end - world_.page;
  ASSERT_TRUE(task_.mmap(at, world_.page, kReadWrite, kPrivate | MAP_FIXED));
  write(task_, at);
  EXPECT_FALSE(task_.mmap(end, world_.page, kReadWrite, kPrivate | MAP_FIXED));
}

INSTANTIATE_TEST_SUITE_P(All, MachineTest, testing::ValuesIn(machine_names()), test_name);

TEST(FiveLevelTest, RoomAboveTheWindowIsGivenOnlyToAHint) {
  World world{"x86-64-5level"};
  const VirtAddr window = world.model.layout.map_window;
  const std::size_t most = std::size_t{1} << 46;
  EXPECT_LT(*world.task.mmap(VirtAddr{}, kPage, kReadWrite, kPrivate), window);
  ASSERT_TRUE(world.task.mmap(VirtAddr{}, most, PROT_NONE, kPrivate | MAP_NORESERVE));
  EXPECT_FALSE(world.task.mmap(VirtAddr{}, 2 * most, PROT_NONE, kPrivate | MAP_NORESERVE));
  const VirtAddr hint{std::uint64_t{1} << 50};
  EXPECT_EQ(*world.task.mmap(hint, kPage, kReadWrite, kPrivate), hint);
  EXPECT_GT(*world.task.mmap(hint, kPage, kReadWrite, kPrivate), window);
}

TEST(FiveLevelTest, VmPteLeavesOutTheTablesBelowTheRoot) {
  World world{"x86-64-5level"};
  write(world.task,
        *world.task.mmap(VirtAddr{std::uint64_t{1} << 50}, kPage, kReadWrite, kPrivate));
  EXPECT_EQ(world.task.rss().page_tables, static_cast<std::int64_t>(3 * kPage));
  EXPECT_EQ(world.task.walk(VirtAddr{std::uint64_t{1} << 50}).size(), 5u);
}

TEST(PaeTest, TheMiddleTablesOfTheUsersGigabytesAreThereFromTheStart) {
  World world{"i386-pae"};
  EXPECT_EQ(world.task.rss().page_tables, static_cast<std::int64_t>(3 * kPage));
  write(world.task, world.map(1));
  EXPECT_EQ(world.task.rss().page_tables, static_cast<std::int64_t>(4 * kPage));
}

TEST(PaeTest, DirectoryEntriesHaveNoPermissionBits) {
  World world{"i386-pae"};
  ASSERT_TRUE(world.task.mmap(world.far, kPage, kReadWrite, kPrivate | MAP_FIXED));
  write(world.task, world.far);
  EXPECT_EQ(world.task.walk(world.far)[0].bits, std::vector<std::string>{"P"});
  EXPECT_EQ(world.task.walk(world.far)[1].bits.size(), 5u);
}

TEST(I386Test, AFetchLooksLikeARead) {
  World world{"i386"};
  ASSERT_TRUE(world.task.mmap(world.far, kPage, PROT_READ | PROT_EXEC, kPrivate | MAP_FIXED));
  world.task.exec(world.far);
  EXPECT_EQ(world.machine.ledger().records().back().error_code, 4);
}

TEST(I386Test, EntriesFitInFourBytes) {
  World world{"i386"};
  ASSERT_TRUE(world.task.mmap(world.far, 64 * kPage, kReadWrite, kPrivate | MAP_FIXED));
  for (std::size_t i = 0; i < 64; ++i) write(world.task, world.far + i * kPage);
  ASSERT_TRUE(world.task.mprotect(world.far, 8 * kPage, PROT_NONE));
  for (std::size_t i = 0; i < 64; ++i)
    for (const WalkStep& step : world.task.walk(world.far + i * kPage))
      EXPECT_LE(step.entry, 0xffff'ffffu);
}

}  // namespace
}  // namespace pagesim::test
