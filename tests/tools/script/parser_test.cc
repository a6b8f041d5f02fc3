// What the lines of a script become.
#include "tools/script/parser.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include "tools/script/op.h"

namespace tools::script {
namespace {

Program parsed(std::string_view text, unsigned page_shift = 12) {
  return parse(text, "test.fl", page_shift);
}

TEST(ParserTest, AllocatorCallCarriesItsSizeAndBindsItsName) {
  const Program program = parsed("p = malloc 64K  # a block\n");
  ASSERT_EQ(program.ops.size(), 1u);
  EXPECT_EQ(program.ops[0].verb, Verb::Malloc);
  EXPECT_EQ(program.ops[0].n, 65536u);
  EXPECT_EQ(program.names[program.ops[0].result], "p");
  EXPECT_EQ(program.ops[0].line, 1u);
}

TEST(ParserTest, PageSuffixAndPlacesFollowThePageSizeOfTheMachine) {
  const Program program = parsed("A = mmap 4p anon private rw\nwrite A[3]+17\n", 14);
  EXPECT_EQ(program.ops[0].n, 4u << 14);
  EXPECT_EQ(program.ops[1].to.offset, (3 << 14) + 17);
}

TEST(ParserTest, MmapCollectsItsOptionsInAnyOrder) {
  const Program program = parsed("A = mmap 4p anon private rw fixed at @0x1000 populate\n");
  const Op& op = program.ops[0];
  EXPECT_EQ(op.flags, flag::Anonymous | flag::Fixed | flag::HasAddress | flag::Populate);
  EXPECT_EQ(op.prot, PROT_READ | PROT_WRITE);
  EXPECT_EQ(op.from.base, Base::Absolute);
  EXPECT_EQ(op.from.offset, 0x1000);
}

TEST(ParserTest, RangeMayBeginBeforeTheBlockAndSkipPages) {
  const Program program = parsed("A = mmap 8p anon private rw\nread A[-2..60 by 4] reverse\n");
  const Op& op = program.ops[1];
  EXPECT_EQ(op.to.offset, -2 * 4096);
  EXPECT_EQ(op.pages, 63);
  EXPECT_EQ(op.step, 4u);
  EXPECT_TRUE(op.flags & flag::Reverse);
}

TEST(ParserTest, PlainNameIsAByteForLoadsAndTheWholeBlockForRangeVerbs) {
  const Program program = parsed("A = mmap 8p anon private rw\nread A\nmunmap A\n");
  EXPECT_EQ(program.ops[1].pages, 0);
  EXPECT_EQ(program.ops[2].pages, Op::kWholeRange);
}

TEST(ParserTest, AbsoluteAddressReachesTheKernelHalf) {
  const Program program = parsed("read @0xffff888000000000\n");
  EXPECT_EQ(static_cast<std::uint64_t>(program.ops[0].to.offset), 0xffff888000000000u);
}

TEST(ParserTest, ForkCopiesTheNamesOfItsParentOnly) {
  EXPECT_NO_THROW(parsed("p = malloc 8\nfork c\nc: write p\nfree p\nc: write p\n"));
  EXPECT_ANY_THROW(parsed("fork c\nc: q = malloc 8\nwrite q\n"));
  EXPECT_ANY_THROW(parsed("fork c\nq = malloc 8\nc: write q\n"));
}

TEST(ParserTest, ThreadsShareTheNamesOfTheirProcess) {
  EXPECT_NO_THROW(parsed("thread t\nt: q = malloc 8\nwrite q\njoin t\nwrite q\n"));
  EXPECT_ANY_THROW(parsed("thread t\np = malloc 8\nt: free p\nwrite p\n"));
}

TEST(ParserTest, ReallocEndsTheOldNameUnlessItIsTheResult) {
  EXPECT_NO_THROW(parsed("p = malloc 8\np = realloc p 16\nwrite p\n"));
  EXPECT_ANY_THROW(parsed("p = malloc 8\nq = realloc p 16\nwrite p\n"));
  EXPECT_NO_THROW(parsed("p = malloc 8\nq = realloc p 128T\nwrite p\n")) << "it must fail";
}

TEST(ParserTest, NameMayBeFreedAndAssignedAgain) {
  EXPECT_NO_THROW(parsed("p = malloc 8\nfree p\np = malloc 8\nwrite p\n"));
}

TEST(ParserTest, NameOutlivesItsMapping) {
  EXPECT_NO_THROW(parsed("A = mmap 1p anon private rw\nmunmap A\nread A\n"));
}

TEST(ParserTest, SettingsTakeNumbersOrWords) {
  const Program program = parsed("sysctl page_cluster 3\nsysctl thp_enabled madvise\n");
  EXPECT_EQ(program.settings[program.ops[0].file], "page_cluster");
  EXPECT_EQ(program.ops[0].n, 3u);
  EXPECT_EQ(program.ops[1].n, static_cast<std::uint64_t>(SettingWord::Madvise));
}

TEST(ParserTest, ExpectationBelongsToTheOperationBeforeIt) {
  const Program program = parsed(
      "A = mmap 4p anon private rw\n"
      "expect minor 0 major 0 rss_anon +4K signal none\n"
      "write A[3]+17\n"
      "expect fault A[3]+17 write minor first_write\n"
      "expect pages A - - absent anon\n");
  ASSERT_EQ(program.expectations.size(), 3u);
  EXPECT_EQ(program.expectations[0].op, 0u);
  EXPECT_EQ(program.expectations[0].rss_anon, 4096);
  EXPECT_EQ(program.expectations[1].op, 1u);
  ASSERT_TRUE(program.expectations[1].fault);
  EXPECT_EQ(program.expectations[1].fault->cause, pagesim::Cause::FirstWrite);
  EXPECT_EQ(program.expectations[2].page_states,
            (std::vector<std::string>{"absent", "absent", "absent", "anon"}));
  EXPECT_EQ(program.expectations[2].text, "pages A - - absent anon");
}

TEST(ParserTest, ExpectationMayNameWhatTheLineEnded) {
  EXPECT_NO_THROW(parsed("p = malloc 8\nfree p\nexpect pages p anon\n"));
}

TEST(ParserTest, WindowsLineEndsAndByteOrderMarkAreAccepted) {
  EXPECT_EQ(parsed("\xef\xbb\xbfp = malloc 8\r\nwrite p\r\n").ops.size(), 2u);
}

TEST(ParserTest, EmptyScriptHasNoOperations) {
  EXPECT_TRUE(parsed("").ops.empty());
  EXPECT_TRUE(parsed("\n  # nothing\n\n").ops.empty());
}

}  // namespace
}  // namespace tools::script
