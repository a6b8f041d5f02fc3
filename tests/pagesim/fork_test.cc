// What parent and child share after fork.
#include <gtest/gtest.h>

#include "tests/pagesim/world.h"

namespace pagesim::test {
namespace {

TEST(ForkTest, WriterCopiesAndTheLastOwnerReuses) {
  World world;
  const VirtAddr a = world.map(4);
  world.task.store<std::uint32_t>(a, 7);
  Task& child = world.machine.fork(world.task);
  EXPECT_EQ(world.task.page_state(a), PageState::AnonShared);
  world.causes();
  child.store<std::uint32_t>(a, 8);
  world.task.store<std::uint32_t>(a, 9);
  EXPECT_EQ(world.causes(), (Causes{Cause::CowCopy, Cause::CowReuse}));
  EXPECT_EQ(child.load<std::uint32_t>(a), 8u);
  EXPECT_EQ(world.task.load<std::uint32_t>(a), 9u);
}

TEST(ForkTest, FaultsAreChargedToTheTaskThatExecutes) {
  World world;
  const VirtAddr a = world.map(2);
  write(world.task, a);
  Task& child = world.machine.fork(world.task);
  const Counters parent = world.task.counters();
  write(child, a);
  EXPECT_EQ(world.task.counters(), parent);
  EXPECT_EQ(child.counters().minor, 1u);
  EXPECT_EQ(world.machine.ledger().records().back().process, 1u);
}

TEST(ForkTest, AreasOnlyReadAreNotCopied) {
  World world;
  const VirtAddr a = world.map(4);
  read(world.task, a);
  Task& child = world.machine.fork(world.task);
  EXPECT_EQ(child.page_state(a), PageState::Absent);
  read(child, a);
  EXPECT_EQ(child.counters().minor, 1u);
}

TEST(ForkTest, DontforkIsMissingAndWipeonforkIsEmpty) {
  World world;
  const VirtAddr a = world.map(1, kReadWrite, 0);
  const VirtAddr b = world.map(1, kReadWrite, 1);
  write(world.task, a);
  write(world.task, b);
  ASSERT_TRUE(world.task.madvise(a, kPage, MADV_DONTFORK));
  ASSERT_TRUE(world.task.madvise(b, kPage, MADV_WIPEONFORK));
  Task& child = world.machine.fork(world.task);
  EXPECT_EQ(signal_of([&] { read(child, a); }).code, SEGV_MAPERR);
  EXPECT_EQ(child.page_state(b), PageState::Absent);
  read(child, b);
}

TEST(ForkTest, EveryFrameIsGivenBackWhenAllProcessesExit) {
  World world;
  const std::uint64_t files = Layout{}.text_bytes / kPage;
  const VirtAddr a = world.map(100);
  for (std::size_t i = 0; i < 100; ++i) write(world.task, a + i * kPage);
  Task& child = world.machine.fork(world.task);
  for (std::size_t i = 0; i < 100; i += 3) write(child, a + i * kPage);
  world.machine.exit(world.task);
  world.machine.exit(child);
  EXPECT_EQ(world.task.rss(), Rss{});
  EXPECT_EQ(child.rss(), Rss{});
  EXPECT_EQ(world.machine.memory().frames_in_use(), files + 2);  // and the two root tables
}

TEST(ForkTest, ThreadsShareMemoryAndHaveCountersOfTheirOwn) {
  World world;
  const VirtAddr a = world.map(1);
  Task& thread = world.machine.clone_thread(world.task);
  write(thread, a);
  write(world.task, a);
  EXPECT_EQ(thread.counters().minor, 1u);
  EXPECT_EQ(world.task.counters().minor, 0u);
  EXPECT_EQ(world.machine.ledger().records().back().thread, 1u);
  EXPECT_NE(thread.thread_locals(), world.task.thread_locals());
  write(thread, thread.thread_locals());
}

TEST(ForkTest, PinnedReadOfASharedPageTakesItApart) {
  World world;
  const VirtAddr a = world.map(4);
  write(world.task, a);
  Task& child = world.machine.fork(world.task);
  ASSERT_TRUE(child.remote_touch(world.task, a, 4 * kPage, Access::Read));
  EXPECT_EQ(child.counters().minor, 4u);
  EXPECT_EQ(child.counters().exceptions, 0u);
  EXPECT_EQ(world.task.page_state(a), PageState::Anon);
}

}  // namespace
}  // namespace pagesim::test
