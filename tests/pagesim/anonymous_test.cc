// First touches of private memory.
#include <gtest/gtest.h>

#include "tests/pagesim/world.h"

namespace pagesim::test {
namespace {

TEST(DoAnonymousPageTest, FirstWriteFaultsOnceAndCountsOnePage) {
  World world;
  const VirtAddr a = world.map(4);
  const Rss before = world.task.rss();
  write(world.task, a + kPage + 17);
  write(world.task, a + kPage + 4095);
  read(world.task, a + kPage);
  EXPECT_EQ(world.causes(), Causes{Cause::FirstWrite});
  const Rss change = world.task.rss() - before;
  EXPECT_EQ(change.anon, 4096);
  EXPECT_EQ(change.page_tables, 3 * 4096);
}

TEST(DoAnonymousPageTest, ReadThenWriteFaultsTwice) {
  World world;
  const VirtAddr a = world.map(4);
  read(world.task, a);
  EXPECT_EQ(world.task.page_state(a), PageState::Zero);
  EXPECT_EQ(world.task.rss().anon, 0);
  write(world.task, a);
  EXPECT_EQ(world.causes(), (Causes{Cause::ZeroRead, Cause::ZeroUpgrade}));
  EXPECT_EQ(world.task.page_state(a), PageState::Anon);
}

TEST(DoAnonymousPageTest, RecordsTellByteAccessAndErrorCode) {
  World world;
  const VirtAddr a = world.map(1);
  world.task.touch(a + 17, 1, Access::Write, AccessTag{7});
  const FaultRecord& record = world.machine.ledger().records().at(0);
  EXPECT_EQ(record.address, a + 17);
  EXPECT_EQ(record.access, Access::Write);
  EXPECT_EQ(record.error_code, 6);
  EXPECT_EQ(record.tag, AccessTag{7});
  EXPECT_EQ(record.outcome, Outcome::Minor);
  EXPECT_EQ(record.mode, Mode::User);
}

TEST(DoAnonymousPageTest, StraddlingAccessFaultsLowerPageFirst) {
  World world;
  const VirtAddr a = world.map(2);
  world.task.store<std::uint64_t>(a + 4092, 0x1122334455667788u);
  ASSERT_EQ(world.machine.ledger().records().size(), 2u);
  EXPECT_EQ(world.machine.ledger().records()[0].address, a + 4092);
  EXPECT_EQ(world.machine.ledger().records()[1].address, a + 4096);
  EXPECT_EQ(world.task.load<std::uint64_t>(a + 4092), 0x1122334455667788u);
}

TEST(DoAnonymousPageTest, StraddlingIntoNothingFaultsTheFirstPageIn) {
  World world;
  const VirtAddr a = world.map(1);
  const SignalInfo info = signal_of([&] { world.task.touch(a + 4092, 8, Access::Write); });
  EXPECT_EQ(info.address, a + 4096);
  EXPECT_EQ(world.task.counters().minor, 1u);
  EXPECT_EQ(world.task.page_state(a), PageState::Anon);
}

TEST(DoAnonymousPageTest, ReadModifyWriteAndFailingSwapAreOneWrite) {
  World world;
  const VirtAddr a = world.map(2);
  world.task.update(a, 4);
  world.task.cas_fail(a + kPage, 8);
  EXPECT_EQ(world.causes(), (Causes{Cause::FirstWrite, Cause::FirstWrite}));
}

TEST(DoAnonymousPageTest, PrefetchNeverFaults) {
  World world;
  world.task.prefetch(world.map(1));
  world.task.prefetch(VirtAddr{0x8});
  EXPECT_EQ(world.task.counters(), Counters{});
}

TEST(CopyTest, SourceFaultsBeforeTarget) {
  World world;
  const VirtAddr from = world.map(2, kReadWrite, 0);
  const VirtAddr to = world.map(2, kReadWrite, 1);
  world.task.copy(to + 4090, from + 4092, 8);
  const auto& records = world.machine.ledger().records();
  ASSERT_EQ(records.size(), 4u);
  EXPECT_EQ(records[0].address, from + 4092);
  EXPECT_EQ(records[1].address, to + 4090);
  EXPECT_EQ(records[2].address, from + 4096);
  EXPECT_EQ(records[3].address, to + 4096);
}

TEST(TouchTest, TouchedPagesNeedNoContents) {
  World world;
  const std::uint64_t before = world.machine.memory().contents_in_use();
  const VirtAddr a = world.map(4096);
  for (std::size_t page = 0; page < 4096; ++page) write(world.task, a + page * kPage);
  const std::uint64_t tables = 4096 / 512 + 2;
  EXPECT_EQ(world.machine.memory().contents_in_use() - before, tables);
}

}  // namespace
}  // namespace pagesim::test
