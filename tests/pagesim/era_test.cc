// Paths: what the handler did about a fault, in each era's functions.
#include "pagesim/era.h"

#include <gtest/gtest.h>

#include "tests/pagesim/world.h"

namespace pagesim::test {
namespace {

using Path = std::vector<std::string_view>;

struct EraTest : testing::Test {
  /// The path of the last fault.
  Path path(Era era) { return fault_path(world.machine.ledger().records().back(), era); }
  VirtAddr map_file(std::size_t pages, int flags, kernel::FileSystem fs) {
    const auto file = world.machine.create_file("f", pages * kPage, fs);
    return *world.task.mmap(VirtAddr{}, pages * kPage, kReadWrite, flags, file);
  }
  World world;
};

TEST_F(EraTest, FirstTouchGoesToDoAnonymousPageInEveryEra) {
  write(world.task, world.map(1));
  EXPECT_EQ(path(Era::Linux24), (Path{"do_page_fault", "find_vma", "handle_mm_fault",
                                      "handle_pte_fault", "do_anonymous_page"}));
  EXPECT_EQ(path(Era::Linux26), path(Era::Linux24));
  EXPECT_EQ(path(Era::Today), (Path{"do_user_addr_fault", "find_vma", "handle_mm_fault",
                                    "handle_pte_fault", "do_anonymous_page"}));
}

TEST_F(EraTest, TheEntranceOfArm64KeptItsName) {
  World arm64{"arm64-4k"};
  write(arm64.task, arm64.map(1));
  EXPECT_EQ(fault_path(arm64.machine.ledger().records().back(), Era::Today)[0], "do_page_fault");
}

TEST_F(EraTest, FileReadFaultWasDoNoPage) {
  read(world.task, map_file(4, MAP_PRIVATE, kernel::FileSystem::Disk));
  EXPECT_EQ(path(Era::Linux24), (Path{"do_page_fault", "find_vma", "handle_mm_fault",
                                      "handle_pte_fault", "do_no_page", "->nopage"}));
  EXPECT_EQ(path(Era::Today),
            (Path{"do_user_addr_fault", "find_vma", "handle_mm_fault", "handle_pte_fault",
                  "do_fault", "do_read_fault", "->map_pages"}));
}

TEST_F(EraTest, ReadFromTheDiskIsTriedAgainAndMapsAround) {
  const auto file = world.machine.create_file("f", 4 * kPage);
  world.machine.evict(*file);
  read(world.task, *world.task.mmap(VirtAddr{}, 4 * kPage, kReadWrite, MAP_PRIVATE, file));
  EXPECT_EQ(path(Era::Today),
            (Path{"do_user_addr_fault", "find_vma", "handle_mm_fault", "handle_pte_fault",
                  "do_fault", "do_read_fault", "->map_pages", "->fault", "VM_FAULT_RETRY"}));
}

TEST_F(EraTest, StoresToFilesTakeTheCowAndTheSharedWay) {
  write(world.task, map_file(1, MAP_PRIVATE, kernel::FileSystem::Disk));
  EXPECT_EQ(path(Era::Today), (Path{"do_user_addr_fault", "find_vma", "handle_mm_fault",
                                    "handle_pte_fault", "do_fault", "do_cow_fault", "->fault"}));
  write(world.task, map_file(1, MAP_SHARED, kernel::FileSystem::Disk));
  EXPECT_EQ(path(Era::Today),
            (Path{"do_user_addr_fault", "find_vma", "handle_mm_fault", "handle_pte_fault",
                  "do_fault", "do_shared_fault", "->fault", "->page_mkwrite"}));
  write(world.task, map_file(1, MAP_SHARED, kernel::FileSystem::Tmpfs));
  EXPECT_EQ(path(Era::Today).back(), "->fault") << "tmpfs does not ask to be told";
}

TEST_F(EraTest, SharerCopiesAndTheLastOwnerReuses) {
  const VirtAddr at = world.map(1);
  write(world.task, at);
  Task& child = world.machine.fork(world.task);
  write(child, at);
  EXPECT_EQ(path(Era::Linux26), (Path{"do_page_fault", "find_vma", "handle_mm_fault",
                                      "handle_pte_fault", "do_wp_page"}));
  EXPECT_EQ(path(Era::Today).back(), "wp_page_copy");
  world.machine.exit(child);
  write(world.task, at);
  EXPECT_EQ(path(Era::Today).back(), "wp_page_reuse");
}

TEST_F(EraTest, ForbiddenAccessEndsInBadAreaWithoutTheHandler) {
  const VirtAddr at = world.map(1, PROT_READ);
  (void)signal_of([&] { write(world.task, at); });
  EXPECT_EQ(path(Era::Today), (Path{"do_user_addr_fault", "find_vma", "bad_area"}));
}

TEST_F(EraTest, GrowingStackPassesExpandStack) {
  const VirtAddr at = world.map(1, kReadWrite, 0, MAP_GROWSDOWN);
  write(world.task, at - 1);
  EXPECT_EQ(path(Era::Linux24), (Path{"do_page_fault", "find_vma", "expand_stack",
                                      "handle_mm_fault", "handle_pte_fault", "do_anonymous_page"}));
}

TEST_F(EraTest, PopulatingComesFromGetUserPages) {
  (void)*world.task.mmap(VirtAddr{}, kPage, kReadWrite, kPrivate | MAP_POPULATE);
  EXPECT_EQ(path(Era::Today),
            (Path{"get_user_pages", "handle_mm_fault", "handle_pte_fault", "do_anonymous_page"}));
}

TEST_F(EraTest, RealFaultHasNoPath) { EXPECT_TRUE(fault_path(FaultRecord{}, Era::Today).empty()); }

}  // namespace
}  // namespace pagesim::test
