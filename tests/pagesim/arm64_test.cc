// arm64: the syndrome for each fault of the specification's table, and what depends on the walker.
#include "pagesim/hardware/arch/arm64.h"

#include <gtest/gtest.h>

#include <csignal>

#include "tests/pagesim/world.h"

namespace pagesim::test {
namespace {

namespace arm64 = hardware::arm64;

/// The last fault of a machine.
const FaultRecord& last(World& world) { return world.machine.ledger().records().back(); }

struct Arm64Test : testing::Test {
  World world{"arm64-4k"};
  const VirtAddr at = world.map(8);

  /// The leaf table exists, the entry is empty.
  void make_table() { write(world.task, at + 7 * world.page); }
};

TEST_F(Arm64Test, AbsentPagesGiveTranslationFaultsOfTheLastLevel) {
  make_table();
  read(world.task, at);
  EXPECT_EQ(last(world).esr, 0x92000007u);
  write(world.task, at + world.page);
  EXPECT_EQ(last(world).esr, 0x92000047u);
  const VirtAddr code = world.map(2, PROT_READ | PROT_EXEC, 1);
  read(world.task, code + world.page);
  world.task.exec(code);
  EXPECT_EQ(last(world).esr, 0x82000007u);
}

TEST_F(Arm64Test, PresentPagesGivePermissionFaults) {
  read(world.task, at);
  write(world.task, at);
  EXPECT_EQ(last(world).esr, 0x9200004fu);
  const SignalInfo fetch = signal_of([&] { world.task.exec(at); });
  EXPECT_EQ(fetch.esr, 0x8200000fu);
  EXPECT_EQ(fetch.code, SEGV_ACCERR);
}

TEST_F(Arm64Test, PagesThatEl0MayNotReadGivePermissionFaults) {
  hardware::Geometry geometry = machine_model("arm64-4k")->config.geometry;
  hardware::PhysicalMemory memory{geometry, 1u << 24};
  hardware::PageTable tables{geometry, memory};
  hardware::Tlb tlb{{}, tables.geometry()};
  hardware::Mmu mmu{tables, tlb};
  *tables.find_or_make(at) = arm64::kValid | arm64::kTableOrPage | arm64::kAf | arm64::kAp2;
  EXPECT_EQ(mmu.translate(at, Access::Read).fault().syndrome(), 0x9200000fu);
}

TEST_F(Arm64Test, TheKernelsCopiesAreTakenFromEl1) {
  make_table();
  ASSERT_TRUE(world.task.copy_to_user(at, 1));
  EXPECT_EQ(last(world).esr, 0x96000047u);
  EXPECT_EQ(arm64::vector(last(world).esr), 0x200);
  read(world.task, at + world.page);
  ASSERT_TRUE(world.task.copy_to_user(at + world.page, 1));
  EXPECT_EQ(last(world).esr, 0x9600004fu);
  ASSERT_TRUE(world.task.copy_from_user(at + 2 * world.page, 1));
  EXPECT_EQ(last(world).esr, 0x96000007u);
}

TEST_F(Arm64Test, El0TakesTheVectorOfALowerLevel) {
  read(world.task, at);
  EXPECT_EQ(arm64::vector(last(world).esr), 0x400);
  EXPECT_EQ(arm64::vector(0x82000007), 0x400);
}

TEST_F(Arm64Test, TheStatusTellsTheLevelTheWalkStoppedAt) {
  read(world.task, at);
  EXPECT_EQ(last(world).esr, 0x92000004u);  // no table below the root
  const VirtAddr gigabyte = world.map(1, kReadWrite, 1);
  read(world.task, gigabyte);
  EXPECT_EQ(last(world).esr, 0x92000005u);
  ASSERT_TRUE(world.task.mmap(at + (2u << 20), world.page, kReadWrite, kPrivate | MAP_FIXED));
  read(world.task, at + (2u << 20));
  EXPECT_EQ(last(world).esr, 0x92000006u);
}

TEST_F(Arm64Test, FewerLevelsStartFurtherDown) {
  World large{"arm64-64k"};
  read(large.task, *large.task.mmap(large.far, large.page, kReadWrite, kPrivate | MAP_FIXED));
  EXPECT_EQ(last(large).esr, 0x92000005u);
}

TEST_F(Arm64Test, TheLevelAboveZeroHasACodeOfItsOwn) {
  EXPECT_EQ(arm64::fault_status(arm64::FaultStatus::Translation, -1), 0x2b);
}

TEST_F(Arm64Test, CacheMaintenanceSetsWnrWithoutWriting) {
  EXPECT_TRUE(arm64::is_write(0x92000047));
  EXPECT_FALSE(arm64::is_write(0x92000047 | arm64::kCm));
}

TEST_F(Arm64Test, RecordsHaveASyndromeInsteadOfAnErrorCode) {
  read(world.task, at);
  EXPECT_EQ(last(world).error_code, std::nullopt);
  World x86;
  read(x86.task, x86.map(1));
  EXPECT_EQ(last(x86).esr, 0u);
  EXPECT_EQ(last(x86).error_code, 4);
}

TEST_F(Arm64Test, AddressesOfTheKernelAreMapErrorsThatNobodyCounts) {
  for (const std::uint64_t raw : {std::uint64_t{1} << 48, ~std::uint64_t{0xfff}}) {
    const SignalInfo signal = signal_of([&] { write(world.task, VirtAddr{raw}); });
    EXPECT_EQ(signal.number, SIGSEGV);
    EXPECT_EQ(signal.code, SEGV_MAPERR);
    EXPECT_EQ(signal.esr, 0x92000044u);
  }
  EXPECT_TRUE(world.machine.ledger().records().empty());
}

TEST_F(Arm64Test, AFetchFromAnAbsentPageThatIsNotExecutableMapsNothing) {
  const SignalInfo signal = signal_of([&] { world.task.exec(at); });
  EXPECT_EQ(signal.code, SEGV_ACCERR);
  EXPECT_EQ(world.task.counters().minor, 0u);
  EXPECT_EQ(world.task.page_state(at), PageState::Absent);
}

TEST_F(Arm64Test, ExecutablePagesCanBeRead) {
  const VirtAddr code = world.map(1, PROT_EXEC, 1);
  read(world.task, code);
  EXPECT_EQ(world.causes(), std::vector<Cause>{Cause::ZeroRead});
}

TEST_F(Arm64Test, DescriptorsHoldWhatLinuxPutsThere) {
  write(world.task, at);
  using Words = std::vector<std::string>;
  const std::vector<WalkStep> steps = world.task.walk(at);
  EXPECT_EQ(steps[0].bits, (Words{"valid", "table", "AF", "PXNTable"}));
  EXPECT_EQ(steps[3].bits, (Words{"valid", "page", "AP[1]", "AF", "nG", "DBM", "PXN", "UXN",
                                  "DIRTY", "AttrIndx=0", "SH=3"}));
  read(world.task, at + world.page);
  EXPECT_EQ(world.task.walk(at + world.page).back().bits,
            (Words{"valid", "page", "AP[1]", "AP[2]", "AF", "nG", "PXN", "UXN", "SPECIAL",
                   "AttrIndx=0", "SH=3"}));
}

TEST_F(Arm64Test, AForkedDirtyPageIsReadOnlyAndRemembersThatItIsDirty) {
  write(world.task, at);
  world.machine.fork(world.task);
  const std::uint64_t entry = world.task.walk(at).back().entry;
  EXPECT_EQ(entry & arm64::kDbm, 0u);
  EXPECT_NE(entry & arm64::kAp2, 0u);
  EXPECT_NE(entry & arm64::kDirty, 0u);
}

/// Causes of the faults a walker with these abilities takes.
std::vector<Cause> causes_of(const hardware::Walker& walker, void (*program)(World&, VirtAddr)) {
  World world{"arm64-4k", walker};
  program(world, world.map(4));
  return world.causes();
}

void write_after_free(World& world, VirtAddr at) {
  write(world.task, at);
  ASSERT_TRUE(world.task.madvise(at, world.page, MADV_FREE));
  write(world.task, at);
}

TEST(Arm64WalkerTest, AStoreAfterMadvFreeFaultsOnceWithoutHardwareDirty) {
  EXPECT_EQ(causes_of({true, true}, write_after_free), Causes{Cause::FirstWrite});
  EXPECT_EQ(causes_of({true, false}, write_after_free),
            (Causes{Cause::FirstWrite, Cause::Spurious}));
  EXPECT_EQ(causes_of({false, false}, write_after_free),
            (Causes{Cause::FirstWrite, Cause::Spurious}));
}

void read_then_write_shared(World& world, VirtAddr) {
  const VirtAddr at =
      *world.task.mmap(VirtAddr{}, world.page, kReadWrite, MAP_SHARED | MAP_ANONYMOUS);
  read(world.task, at);
  write(world.task, at);
}

TEST(Arm64WalkerTest, ReadThenWriteOfSharedMemoryFaultsOnceMoreWithoutHardwareDirty) {
  EXPECT_EQ(causes_of({true, true}, read_then_write_shared), Causes{Cause::ShmemNew});
  EXPECT_EQ(causes_of({true, false}, read_then_write_shared),
            (Causes{Cause::ShmemNew, Cause::Spurious}));
}

TEST(Arm64WalkerTest, AForkedPageIsOldAndItsFirstReadAnAccessFlagFault) {
  for (const bool sets : {true, false}) {
    World world{"arm64-4k", {sets, sets}};
    const VirtAddr at = world.map(1);
    write(world.task, at);
    Task& child = world.machine.fork(world.task);
    world.machine.ledger().clear_records();
    read(child, at);
    ASSERT_EQ(world.machine.ledger().records().size(), sets ? 0u : 1u);
    if (sets) continue;
    EXPECT_EQ(last(world).esr, 0x9200000bu);
    EXPECT_EQ(child.counters().minor, 1u);
    read(child, at);
    EXPECT_EQ(child.counters().minor, 1u);
  }
}

}  // namespace
}  // namespace pagesim::test
