// Accesses that end in a signal.
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/pagesim/world.h"

namespace pagesim::test {
namespace {

TEST(SignalTest, NothingMappedIsMaperrAndReadOnlyIsAccerr) {
  World world;
  const VirtAddr a = world.map(1, PROT_READ);
  EXPECT_EQ(signal_of([&] { write(world.task, VirtAddr{8}); }),
            (SignalInfo{SIGSEGV, SEGV_MAPERR, VirtAddr{8}, 14, 6}));
  EXPECT_EQ(signal_of([&] { write(world.task, a + 5); }),
            (SignalInfo{SIGSEGV, SEGV_ACCERR, a + 5, 14, 6}));
  EXPECT_EQ(world.task.counters().exceptions, 2u);
  EXPECT_EQ(world.task.counters().minor, 0u);
}

TEST(SignalTest, FetchFromReadableMemoryFirstReadsAPage) {
  World world;
  const VirtAddr a = world.map(1, PROT_READ);
  const SignalInfo info = signal_of([&] { world.task.exec(a); });
  EXPECT_EQ(info.code, SEGV_ACCERR);
  EXPECT_EQ(info.error_code, 0x15u);
  EXPECT_EQ(world.task.counters().minor, 1u);
  EXPECT_EQ(world.task.counters().exceptions, 2u);
}

TEST(SignalTest, KernelHalfIsReportedPresentAndIsNoEvent) {
  World world;
  const VirtAddr kernel{0xffff888000000000};
  EXPECT_EQ(signal_of([&] { read(world.task, kernel); }),
            (SignalInfo{SIGSEGV, SEGV_MAPERR, kernel, 14, 5}));
  EXPECT_TRUE(world.causes().empty());
  EXPECT_EQ(world.task.counters(), Counters{});
}

TEST(SignalTest, NonCanonicalIsAGeneralProtectionFault) {
  World world;
  EXPECT_EQ(signal_of([&] { read(world.task, VirtAddr{0x8000000000000000}); }),
            (SignalInfo{SIGSEGV, SI_KERNEL, VirtAddr{}, 13, 0}));
}

TEST(SignalTest, RefusedAccessesAllocateNoTables) {
  World world;
  const VirtAddr a = world.map(1, PROT_NONE);
  const Rss before = world.task.rss();
  EXPECT_EQ(signal_of([&] { read(world.task, a); }).code, SEGV_ACCERR);
  EXPECT_EQ(world.task.rss(), before);
}

TEST(SignalTest, GuardIsMaperrUntilRemoved) {
  World world;
  const VirtAddr a = world.map(4);
  write(world.task, a + kPage);
  ASSERT_TRUE(world.task.madvise(a + kPage, kPage, 102));
  EXPECT_EQ(world.task.page_state(a + kPage), PageState::Guard);
  EXPECT_EQ(signal_of([&] { write(world.task, a + kPage); }).code, SEGV_MAPERR);
  ASSERT_TRUE(world.task.madvise(a + kPage, kPage, 103));
  EXPECT_EQ(signal_of([&] { write(world.task, a + kPage); }).number, 0);
}

TEST(SignalTest, KernelCopiesAnswerEfaultInstead) {
  World world;
  const VirtAddr a = world.map(1);
  EXPECT_EQ(world.task.copy_to_user(a + 4000, 200).value(), 96u);
  EXPECT_EQ(world.task.copy_to_user(a + kPage, 1).error(), EFAULT);
  EXPECT_EQ(world.task.counters(), (Counters{1, 0, 3}));
}

TEST(StackTest, GrowsToTheFaultPageAndNoFurtherThanItsLimit) {
  World world;
  const VirtAddr base = world.task.process().stack_base;
  write(world.task, base - 20 * kPage);
  EXPECT_EQ(world.causes(), std::vector<Cause>{Cause::StackGrowth});
  EXPECT_EQ(world.task.page_state(base - kPage), PageState::Absent);
  write(world.task, base - 10 * kPage);
  EXPECT_EQ(world.causes(), std::vector<Cause>{Cause::FirstWrite});
  EXPECT_EQ(signal_of([&] { write(world.task, base - 2100 * kPage); }).code, SEGV_MAPERR);
}

TEST(StackTest, KeepsItsGuardGap) {
  World world;
  const VirtAddr a = world.map(4, kReadWrite, 1, MAP_GROWSDOWN);
  const VirtAddr below = a - 300 * kPage;
  ASSERT_TRUE(world.task.mmap(below, 4 * kPage, kReadWrite, kPrivate | MAP_FIXED));
  write(world.task, below + (4 + 256) * kPage);
  EXPECT_NE(signal_of([&] { write(world.task, below + (4 + 255) * kPage); }).number, 0);
}

}  // namespace
}  // namespace pagesim::test
