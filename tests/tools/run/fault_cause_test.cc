// From what was seen of a fault to its cause.
#include "tools/run/fault_cause.h"

#include <gtest/gtest.h>

#include "tools/run/address_map.h"
#include "tools/run/page_words.h"

namespace tools::run {
namespace {

using measure::PageEntry;
using pagesim::Access;
using pagesim::Cause;
using pagesim::Outcome;

constexpr std::uint64_t kZeroFrame = 77;

PageEntry present(std::uint64_t frame, bool file = false) {
  return PageEntry{1ull << 63 | (file ? 1ull << 61 : 0) | frame};
}

SeenFault write_to_present(std::uint64_t before, std::uint64_t after) {
  SeenFault fault;
  fault.error_code = 7;
  fault.access = Access::Write;
  fault.before = present(before);
  fault.after = present(after);
  fault.zero_frame = kZeroFrame;
  return fault;
}

TEST(CauseOfTest, AbsentAnonymousMemoryIsFirstWrittenOrMapsZero) {
  SeenFault fault;
  fault.error_code = 6;
  fault.access = Access::Write;
  EXPECT_EQ(cause_of(fault), Cause::FirstWrite);
  fault.error_code = 4;
  fault.access = Access::Read;
  EXPECT_EQ(cause_of(fault), Cause::ZeroRead);
}

TEST(CauseOfTest, FramesTellUpgradeCopyAndReuseApart) {
  EXPECT_EQ(cause_of(write_to_present(kZeroFrame, 5)), Cause::ZeroUpgrade);
  EXPECT_EQ(cause_of(write_to_present(4, 5)), Cause::CowCopy);
  EXPECT_EQ(cause_of(write_to_present(4, 4)), Cause::CowReuse);
}

TEST(CauseOfTest, WithoutFramesAWriteToAPresentPageStaysUnknown) {
  SeenFault fault = write_to_present(0, 0);
  fault.zero_frame = 0;
  EXPECT_EQ(cause_of(fault), Cause::Unknown);
}

TEST(CauseOfTest, WithoutAnyEvidenceTheCauseIsUnknown) {
  EXPECT_EQ(cause_of(SeenFault{}), Cause::Unknown);
}

TEST(CauseOfTest, APrivateFileIsMappedThenCopied) {
  SeenFault fault;
  fault.backing = Backing::PrivateFile;
  fault.error_code = 4;
  fault.access = Access::Read;
  EXPECT_EQ(cause_of(fault), Cause::FileMap);
  fault = write_to_present(9, 10);
  fault.backing = Backing::PrivateFile;
  fault.before = present(9, true);
  EXPECT_EQ(cause_of(fault), Cause::FileCow);
}

TEST(CauseOfTest, SharedMemoryIsNewUnlessItWasInThePageCache) {
  SeenFault fault;
  fault.backing = Backing::SharedMemory;
  fault.error_code = 6;
  fault.access = Access::Write;
  EXPECT_EQ(cause_of(fault), Cause::Unknown);
  fault.in_page_cache = false;
  EXPECT_EQ(cause_of(fault), Cause::ShmemNew);
  fault.in_page_cache = true;
  EXPECT_EQ(cause_of(fault), Cause::FileMap);
}

TEST(CauseOfTest, OnlyTmpfsMakesThePageOfAPrivateMapping) {
  SeenFault fault;
  fault.error_code = 4;
  fault.access = Access::Read;
  fault.backing = Backing::PrivateMemory;
  EXPECT_EQ(cause_of(fault), Cause::Unknown);
  fault.in_page_cache = false;
  EXPECT_EQ(cause_of(fault), Cause::ShmemNew);
  fault.backing = Backing::PrivateFile;
  EXPECT_EQ(cause_of(fault), Cause::FileMap) << "read-ahead brought it meanwhile";
}

TEST(CauseOfTest, AMajorFaultReadsAFileOrSwap) {
  SeenFault fault;
  fault.outcome = Outcome::Major;
  fault.backing = Backing::PrivateFile;
  EXPECT_EQ(cause_of(fault), Cause::FileRead);
  fault.backing = Backing::Anonymous;
  fault.before = PageEntry{1ull << 62};
  EXPECT_EQ(cause_of(fault), Cause::SwapIn);
}

TEST(AddressMapTest, TellsBackingByRightsAndPath) {
  const AddressMap map = AddressMap::parse(
      "00400000-00401000 r--p 00000000 fe:00 5 /usr/bin/x\n"
      "00500000-00501000 rw-p 00000000 00:00 0 [heap]\n"
      "00600000-00601000 rw-s 00000000 00:01 7 /dev/zero (deleted)\n"
      "00700000-00701000 rw-s 00000000 fe:00 9 /tmp/#9 (deleted)\n"
      "00800000-00801000 rw-p 00000000 00:01 7 /memfd:m (deleted)\n");
  EXPECT_EQ(map.backing(0x400fff), Backing::PrivateFile);
  EXPECT_EQ(map.backing(0x401000), Backing::Nothing);
  EXPECT_EQ(map.backing(0x500000), Backing::Anonymous);
  EXPECT_EQ(map.backing(0x600000), Backing::SharedMemory);
  EXPECT_EQ(map.backing(0x700000), Backing::SharedFile);
  EXPECT_EQ(map.backing(0x800000), Backing::PrivateMemory);
  EXPECT_EQ(map.backing(0x3fffff), Backing::Nothing);
}

TEST(PageWordTest, SpeaksTheWordsOfTheVectors) {
  namespace flag = measure::page_flag;
  const PageEntry exclusive{1ull << 63 | 1ull << 56 | 5};
  EXPECT_EQ(page_word(PageEntry{}, 0), "absent");
  EXPECT_EQ(page_word(PageEntry{1ull << 62}, 0), "swap");
  EXPECT_EQ(page_word(exclusive, flag::kAnon), "anon");
  EXPECT_EQ(page_letters(exclusive, flag::kAnon), "Ax");
  EXPECT_EQ(page_word(present(5), flag::kAnon), "anon_shared");
  EXPECT_EQ(page_word(present(5), flag::kZeroPage), "zero");
  EXPECT_EQ(page_word(present(5), flag::kZeroPage | flag::kThp), "huge_zero");
  EXPECT_EQ(page_word(exclusive, flag::kAnon | flag::kThp), "huge");
  EXPECT_EQ(page_word(present(5, true), flag::kSwapBacked), "shmem");
  EXPECT_EQ(page_letters(present(5, true), flag::kSwapBacked), "F");
  EXPECT_EQ(page_word(present(0), 0), "present");
}

}  // namespace
}  // namespace tools::run
