// Views: where they look, what they say, and what they refuse.
#include "tools/explain/view.h"

#include <gtest/gtest.h>

#include <string>

#include "tools/explain/explain.h"
#include "tools/script/error.h"
#include "tools/script/parser.h"

namespace tools::explain {
namespace {

/// What the views of a script show, one below the other.
std::string shown(const std::string& text) {
  const script::Program program = script::parse(text, "test.fl");
  std::string all;
  for (const auto& [request, view] : explain(program, {}, {}).views) all += view;
  return all;
}

std::string refusal(const std::string& text) {
  try {
    shown(text);
  } catch (const script::ScriptError& error) {
    return error.what();
  }
  return {};
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

const std::string kMap = "A = mmap 4p anon private rw\n";

TEST(ViewTest, OneInTheHeaderShowsTheEndOfTheRun) {
  const std::string end = shown("# view: frames A 1\n" + kMap + "write A\n");
  EXPECT_TRUE(contains(end, "anon")) << end;
  const std::string middle = shown(kMap + "# view: frames A 1\nwrite A\n");
  EXPECT_TRUE(contains(middle, "absent")) << middle;
}

TEST(ViewTest, UntouchedPagesThatWereReadAreOneFrame) {
  EXPECT_EQ(shown(kMap + "read A[0..2]\n# view: frames A 4\n"),
            "page  frame in main\n"
            "A[0]  0x1 zero\n"
            "A[1]  0x1 zero\n"
            "A[2]  0x1 zero\n"
            "A[3]  absent\n");
}

TEST(ViewTest, ForkBillCountsPagesNotFaultsAlone) {
  const std::string bill = shown(
      "A = mmap 16M anon private rw at @0x200000000000 fixed\nwrite A[..]\nfork c\n"
      "c: write A[0..2]\nwrite A[0]\n# view: forks\n");
  EXPECT_TRUE(contains(bill, "copying all at once             18       4,096")) << bill;
  EXPECT_TRUE(contains(bill, "copy on write, so far           18           3")) << bill;
}

TEST(ViewTest, WalkShowsEveryLevelWithItsBits) {
  const std::string walk = shown(
      "A = mmap 4p anon private rw at @0x200000000000 fixed\nread A[1]\n"
      "# view: vtop A[1]+17\n");
  EXPECT_TRUE(contains(walk, "PGD 64, PUD 0, PMD 0, PTE 1, byte 0x11 (bits 9/9/9/9+12)")) << walk;
  EXPECT_TRUE(contains(walk, "PMD[0]")) << walk;
  EXPECT_TRUE(contains(walk, "page in frame 0x1: P U/S A SPECIAL XD")) << walk;
  EXPECT_TRUE(contains(walk, "Physical address 0x1011, zero.")) << walk;
  EXPECT_TRUE(contains(shown(kMap + "# view: vtop A\n"), "No frame: absent."));
}

TEST(ViewTest, TablesOfTheMachinesOwnDesignAreThoseInUse) {
  const std::string empty = shown(kMap + "# view: tables\n");
  EXPECT_TRUE(contains(empty, "4 levels  9/9/9/9+12")) << empty;
  EXPECT_TRUE(contains(empty, "1 level   36+12              1  134,217,728")) << empty;
  EXPECT_TRUE(contains(empty, "segments")) << empty;
}

TEST(ViewTest, FlushedTranslationsAreGoneFromTheTlb) {
  const std::string run = kMap + "write A[0..1]\n# view: tlb A 2\n";
  EXPECT_TRUE(contains(shown(run), "writable")) << shown(run);
  const std::string after = shown(kMap + "write A[0..1]\nmprotect A[..] r\n# view: tlb A 2\n");
  EXPECT_TRUE(contains(after, "A[0]  -")) << after;
  EXPECT_TRUE(contains(after, "flushes    mprotect (")) << after;
}

TEST(ViewTest, LogHasALineForEachFault) {
  const std::string log = shown(kMap + "read A\nwrite A\n# view: log\n");
  EXPECT_TRUE(contains(log, "access:r type:MINOR cause:zero_read")) << log;
  EXPECT_TRUE(contains(log, "access:w type:MINOR cause:zero_upgrade")) << log;
}

TEST(ViewTest, PathIsInTheWordsOfItsEra) {
  const std::string run = "file F 4p\nS = mmap 4p F shared rw\nread S\n";
  EXPECT_TRUE(contains(shown(run + "# view: path 2.4\n"), "->nopage"));
  EXPECT_TRUE(contains(shown(run + "# view: path today\n"), "->map_pages"));
  EXPECT_TRUE(contains(refusal(run + "# view: path 1.0\n"), "2.4, 2.6 or today"));
}

TEST(ViewTest, ChunkTellsCachedFastListedAndLargeApart) {
  std::string script = "k = malloc 24\n";
  for (int i = 0; i < 8; ++i) script += "p" + std::to_string(i) + " = malloc 24\n";
  script += "b = malloc 1500\nf = malloc 24\ns = malloc 24\n";
  for (int i = 0; i < 8; ++i) script += "free p" + std::to_string(i) + "\n";
  script += "free b\n";
  EXPECT_TRUE(contains(shown(script + "# view: chunk p0\n"), "in the thread's cache"));
  EXPECT_TRUE(contains(shown(script + "# view: chunk p7\n"), "in a fastbin"));
  EXPECT_TRUE(contains(shown(script + "# view: chunk k\n"), "in use"));
  EXPECT_TRUE(contains(shown(script + "# view: chunk b\n"), "in the unsorted list"));
  EXPECT_TRUE(contains(shown("b = malloc 1500\ns = malloc 24\nfree b\nm = malloc 3000\n"
                             "# view: chunk b\n"),
                       "large chunks"));
}

TEST(ViewTest, AskingChangesNothing) {
  const std::string text = kMap + "p = malloc 100\nread A\nfork c\nc: write A\nc: write p\n";
  const script::Program plain = script::parse(text, "plain.fl");
  const script::Program asking =
      script::parse("# view: forks\n# view: chunk p\n# view: frames A 4\n" + text, "asking.fl");
  const auto a = explain(plain, {}, {}).outcome;
  const auto b = explain(asking, {}, {}).outcome;
  EXPECT_EQ(a.total, b.total);
  EXPECT_EQ(a.faults.size(), b.faults.size());
}

TEST(ViewTest, WhatCannotBeShownIsRefusedWithItsLine) {
  EXPECT_TRUE(contains(refusal(kMap + "# view: nothing A\n"), "test.fl:2:1: there is no view"));
  EXPECT_TRUE(contains(refusal(kMap + "# view: frames B 4\n"), "test.fl:2:1: not a place here"));
  EXPECT_TRUE(contains(refusal(kMap + "# view: frames A\n"), "a number of pages"));
  EXPECT_TRUE(contains(refusal(kMap + "# view: frames A 0\n"), "a number of pages"));
  EXPECT_TRUE(contains(refusal(kMap + "# view: forks A\n"), "takes nothing"));
  EXPECT_TRUE(contains(refusal("\n# view: forks\n" + kMap), "no operation before it"));
}

TEST(ViewTest, ProcessThatHasEndedIsNamed) {
  const std::string end = kMap + "write A\nread @0x8\n";
  EXPECT_EQ(shown(end + "# view: vtop A\n"), "vtop A: main has ended\n");
  EXPECT_TRUE(contains(shown(end + "# view: path today\n"), "do_anonymous_page"));
}

TEST(FoldTest, BreaksBetweenWordsOnly) {
  EXPECT_EQ(fold("one two three", 2, 9), "  one two\n  three\n");
  EXPECT_EQ(fold("longer-than-the-line x", 0, 5), "longer-than-the-line\nx\n");
}

}  // namespace
}  // namespace tools::explain
