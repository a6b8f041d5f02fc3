// Table pages: the figures of the lessons, and the simulator's own tables.
#include "pagesim/table_pages.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "pagesim/kernel/mm.h"
#include "tests/pagesim/world.h"

namespace pagesim::test {
namespace {

using hardware::Geometry;

PageRun run(std::uint64_t first, std::uint64_t last) {
  return {PageNumber{first}, PageNumber{last}};
}

Geometry i386() { return machine_model("i386")->config.geometry; }

class MachineTablePagesTest : public testing::TestWithParam<std::string_view> {};

TEST(TablePagesTest, AFlatTableOfI386TakesFourMebibytesForOnePage) {
  EXPECT_EQ(count_tables(with_levels(i386(), 1), {run(0, 0)}).bytes, 4u << 20);
}

TEST(TablePagesTest, TwoLevelsTakeOneDirectoryAndOneTableForEachFourMebibytesInUse) {
  EXPECT_EQ(count_tables(i386(), {run(0, 0)}).pages, 2u);
  EXPECT_EQ(count_tables(i386(), {run(0, 1023)}).pages, 2u);
  EXPECT_EQ(count_tables(i386(), {run(0, 1024)}).pages, 3u);
  EXPECT_EQ(count_tables(i386(), {run(0, 0), run(1 << 19, 1 << 19)}).pages, 3u);
}

TEST(TablePagesTest, TwoLevelsTakeFourMebibytesAndADirectoryAtWorst) {
  EXPECT_EQ(count_tables(i386(), {run(0, (1 << 20) - 1)}).bytes, (4u << 20) + 4096);
}

TEST(TablePagesTest, ThreeLevelsOfI386AreThoseOfPae) {
  const TableCount count = count_tables(with_levels(i386(), 3), {run(0, 0), run(1 << 19, 1 << 19)});
  EXPECT_EQ(count.split, "2/9/9+12");
  EXPECT_EQ(count.tables, (std::vector<std::uint64_t>{2, 3, 1}));
}

TEST(TablePagesTest, FewerLevelsShareTheAddressBitsAndMoreHaveTablesOfOnePage) {
  const Geometry machine;
  EXPECT_EQ(count_tables(with_levels(machine, 1), {}).split, "36+12");
  EXPECT_EQ(count_tables(with_levels(machine, 2), {}).split, "18/18+12");
  EXPECT_EQ(count_tables(with_levels(machine, 3), {}).split, "12/12/12+12");
  EXPECT_EQ(count_tables(with_levels(machine, 5), {}).split, "9/9/9/9/9+12");
}

TEST(TablePagesTest, SegmentsTakeWholePagesForTheirLengthTouchedOrNot) {
  const TableCount count = count_segment_tables(Geometry{}, {run(10, 10), run(100, 100 + 512)});
  EXPECT_EQ(count.tables, (std::vector<std::uint64_t>{2}));
  EXPECT_EQ(count.pages, 3u);
}

TEST(TablePagesTest, FiveLevelsNeedOneTableMoreForEach256TebibytesAndVmPteDoesNotCountIt) {
  const std::vector<PageRun> touched{run(0, 0)};
  const TableCount four = count_tables(Geometry{}, touched);
  const TableCount five = count_tables(with_levels(Geometry{}, 5), touched);
  EXPECT_EQ(five.pages, four.pages + 1);
  EXPECT_EQ(five.vm_pte_pages, four.vm_pte_pages);
}

TEST_P(MachineTablePagesTest, CountsWhatTheSimulatorAllocatesForRandomTouches) {
  std::mt19937_64 random{7};
  World world{GetParam()};
  const Geometry& geometry = world.model.config.geometry;
  world.machine.ledger().keep_records(false);
  for (int i = 0; i < 400; ++i) {
    const unsigned bits = 17 + static_cast<unsigned>(random() % (geometry.address_bits() - 17));
    const VirtAddr at =
        VirtAddr{(random() % (std::uint64_t{1} << bits)) + (1u << 16)}.align_down(world.page);
    if (!world.task.mmap(at, world.page, kReadWrite, kPrivate | MAP_FIXED_NOREPLACE)) continue;
    if (random() % 2 == 0)
      write(world.task, at);
    else
      read(world.task, at);
    const TableCount count = count_tables(geometry, world.task.touched_pages());
    ASSERT_EQ(static_cast<std::int64_t>(count.vm_pte_pages * world.page),
              world.task.rss().page_tables);
  }
}

INSTANTIATE_TEST_SUITE_P(Machines, MachineTablePagesTest, testing::ValuesIn(machine_names()),
                         test_name);

TEST(WalkTest, NamesEachLevelAndTheBitsOfItsEntry) {
  World world;
  const VirtAddr at = world.map(1);
  read(world.task, at);
  std::vector<WalkStep> steps = world.task.walk(at);
  ASSERT_EQ(steps.size(), 4u);
  const std::string_view names[] = {"PGD", "PUD", "PMD", "PTE"};
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(steps[i].name, names[i]);
  const std::vector<std::string> table{"P", "R/W", "U/S", "A", "D"};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(steps[i].kind, EntryKind::Table);
    EXPECT_EQ(steps[i].bits, table);
    EXPECT_EQ(*steps[i].frame << 12u, steps[i + 1].table);
  }
  EXPECT_EQ(steps[3].kind, EntryKind::Page);
  EXPECT_EQ(steps[3].frame, static_cast<std::uint32_t>(hardware::kZeroFrame));
}

TEST(WalkTest, EndsAtTheFirstEntryThatIsNoTable) {
  World world;
  const VirtAddr at = world.map(2);
  EXPECT_EQ(world.task.walk(at).back().kind, EntryKind::Empty);
  write(world.task, at);
  ASSERT_TRUE(world.task.mprotect(at, kPage, PROT_NONE));
  EXPECT_EQ(world.task.walk(at).back().kind, EntryKind::ProtNone);
  EXPECT_EQ(world.task.walk(at + kPage).back().kind, EntryKind::Empty);
}

TEST(WalkTest, TouchedPagesAreThoseWithAnEntry) {
  World world;
  const VirtAddr at = world.map(8);
  const std::vector<PageRun> before = world.task.touched_pages();
  write(world.task, at);
  read(world.task, at + kPage);
  write(world.task, at + 3 * kPage);
  std::vector<PageRun> after = world.task.touched_pages();
  const std::uint64_t page = at.raw() >> 12u;
  EXPECT_TRUE(before.empty());
  EXPECT_EQ(after, (std::vector<PageRun>{run(page, page + 1), run(page + 3, page + 3)}));
}

}  // namespace
}  // namespace pagesim::test
