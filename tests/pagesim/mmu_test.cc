// Mmu: walks, permissions, accessed and dirty bits, error codes.
#include "pagesim/hardware/mmu.h"

#include <gtest/gtest.h>

#include "pagesim/hardware/arch/x86.h"

namespace pagesim::hardware {
namespace {

struct MmuTest : testing::Test {
  Geometry geometry;
  PhysicalMemory memory{geometry, 1u << 24};
  PageTable tables{geometry, memory};
  Tlb tlb{{}, geometry};
  Mmu mmu{tables, tlb};
  const VirtAddr at{0x123456789000};
  const FrameNumber frame = *memory.allocate();

  Entry& map(Entry bits) {
    Entry* entry = tables.find_or_make(at);
    *entry = (Entry{static_cast<std::uint32_t>(frame)} << 12u) | x86::kPresent | x86::kUser | bits;
    return *entry;
  }
  [[nodiscard]] int error(Access access, Privilege privilege = Privilege::User) {
    const Translation translated = mmu.translate(at, access, privilege);
    return translated.ok() ? -1 : translated.fault().error_code;
  }
};

TEST_F(MmuTest, AbsentPagesFaultWithTheAccessInTheErrorCode) {
  EXPECT_EQ(error(Access::Read), 4);
  EXPECT_EQ(error(Access::Write), 6);
  EXPECT_EQ(error(Access::Execute), 0x14);
  EXPECT_EQ(error(Access::Read, Privilege::Supervisor), 0);
  EXPECT_EQ(error(Access::Write, Privilege::Supervisor), 2);
  EXPECT_EQ(mmu.translate(at, Access::Read).fault().level, 3);
  (void)tables.find_or_make(at);
  EXPECT_EQ(mmu.translate(at, Access::Read).fault().level, 0);
}

TEST_F(MmuTest, PresentPagesFaultOnlyForWhatTheyForbid) {
  map(x86::kNoExecute);
  EXPECT_EQ(error(Access::Read), -1);
  EXPECT_EQ(error(Access::Write), 7);
  EXPECT_EQ(error(Access::Write, Privilege::Supervisor), 3);
  EXPECT_EQ(error(Access::Execute), 0x15);
}

TEST_F(MmuTest, TranslatesToTheByteAndSetsAccessedAndDirty) {
  const Entry& entry = map(x86::kWritable);
  const Translation translated = mmu.translate(at + 0x123, Access::Read);
  ASSERT_TRUE(translated.ok());
  EXPECT_EQ(translated.address().raw(),
            (std::uint64_t{static_cast<std::uint32_t>(frame)} << 12u) + 0x123);
  EXPECT_NE(entry & x86::kAccessed, 0u);
  EXPECT_EQ(entry & x86::kDirty, 0u);
  EXPECT_TRUE(mmu.translate(at, Access::Write).ok());
  EXPECT_NE(entry & x86::kDirty, 0u);
}

TEST_F(MmuTest, CachedPermissionThatFallsShortIsWalkedAgain) {
  Entry& entry = map(0);
  EXPECT_EQ(error(Access::Read), -1);
  EXPECT_EQ(error(Access::Write), 7);
  entry |= x86::kWritable;
  EXPECT_EQ(error(Access::Write), -1);
}

TEST_F(MmuTest, CountsHitsMissesAndWalks) {
  map(x86::kWritable);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(error(Access::Write), -1);
  EXPECT_EQ(tlb.counters.misses, 1u);
  EXPECT_EQ(tlb.counters.hits, 9u);
  EXPECT_EQ(tlb.counters.walks(), 1u);
  EXPECT_EQ(mmu.flush(at.align_down(4096), at.align_down(4096) + 4096), 1u);
  EXPECT_EQ(error(Access::Read), -1);
  EXPECT_EQ(tlb.counters.misses, 2u);
}

TEST_F(MmuTest, LargeEntriesMapEachOfTheirPages) {
  Entry* entry = tables.find_or_make(at, 1);
  *entry = (Entry{512} << 12u) | x86::kPresent | x86::kUser | x86::kWritable | x86::kPageSize;
  const Translation translated = mmu.translate(at + 5, Access::Write);
  ASSERT_TRUE(translated.ok());
  EXPECT_EQ(translated.address().raw(), (512u << 12u) + ((at.raw() + 5) & 0x1f'ffff));
}

}  // namespace
}  // namespace pagesim::hardware
