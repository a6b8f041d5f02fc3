// A step tells what an operation did to memory, and why.
#include "tools/explain/step.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "tools/explain/explain.h"
#include "tools/explain/query.h"
#include "tools/script/parser.h"

namespace tools::explain {
namespace {

using testing::Contains;
using testing::HasSubstr;

struct Taken {
  std::vector<std::string> why;
  std::vector<ReceiptLine> receipt;
  std::vector<PageStrip> strips;
};

std::vector<Taken> steps_of(const std::string& text) {
  const script::Program program = script::parse(text, "test.fl");
  std::vector<Taken> steps;
  Stepper stepper{program, [&](const Step& step) {
                    steps.push_back({step.why(), step.receipt(), step.strips()});
                  }};
  run::SimRunner runner;
  runner.set_witness(&stepper);
  (void)runner.run(program, {});
  return steps;
}

std::string why(const std::string& text) {
  std::string all;
  const auto steps = steps_of(text);
  for (const std::string& line : steps.back().why) all += line + "; ";
  return all;
}

TEST(StepTest, FirstMallocMakesTheCacheGrowsTheHeapAndCutsFromTop) {
  const std::string text = why("p = malloc 1024\n");
  EXPECT_THAT(text, HasSubstr("this thread has no cache yet: its block is made first"));
  EXPECT_THAT(text, HasSubstr("brk(heap+0x21000); new top heap+0x0 (135,168) [top_header write at "
                              "heap+0x8 faults: first_write]; cut from top"));
  EXPECT_THAT(text, HasSubstr("thread cache bin 63 empty; unsorted list empty; large bin 64: no "
                              "fit; no larger bin has a chunk; cut from top, heap+0x290 (p)"));
}

TEST(StepTest, FreedChunkGoesToTheThreadCacheAndComesBack) {
  EXPECT_THAT(why("p = malloc 100\nfree p\n"),
              HasSubstr("free chunk heap+0x290 (p) (112); thread cache bin 5 takes it"));
  EXPECT_THAT(
      why("p = malloc 100\nfree p\nq = malloc 100\n"),
      HasSubstr("request 100 -> chunk 112; thread cache bin 5 serves heap+0x290 (q), 0 left"));
}

TEST(StepTest, UnsortedChunkTooSmallIsMovedToItsSmallBin) {
  const std::string text = R"(a = malloc 2000
g = malloc 16
free a
b = malloc 1900
d = malloc 5000
)";
  EXPECT_THAT(why(text),
              HasSubstr("unsorted: heap+0xa10 (96) does not fit, moved to small bin 6; "
                        "large bin 100: no fit; no larger bin has a chunk; cut from top"));
}

TEST(StepTest, ReceiptHasEachStoreOfAFreeAndItsWriter) {
  const auto steps = steps_of("p = malloc 100\nfree p\n");
  std::vector<std::string> writers;
  for (const ReceiptLine& line : steps.back().receipt) {
    writers.emplace_back(to_string(line.writer));
    EXPECT_TRUE(line.faults.empty());
  }
  EXPECT_EQ(writers,
            (std::vector<std::string>{"list_link", "list_link", "tcache_block", "tcache_block"}));
}

TEST(StepTest, ReceiptSumsUpToTheFaultsOfTheOperation) {
  const script::Program program = script::parse(
      "p = malloc 100000\nwrite p[0..24]\nq = calloc 3 70000\nfork c\nc: write q\n", "test.fl");
  std::size_t faults = 0;
  std::size_t in_receipts = 0;
  Stepper stepper{program, [&](const Step& step) {
                    faults += step.faults().size();
                    for (const ReceiptLine& line : step.receipt())
                      in_receipts += line.faults.size();
                  }};
  run::SimRunner runner;
  runner.set_witness(&stepper);
  (void)runner.run(program, {});
  EXPECT_GT(faults, 10u);
  EXPECT_EQ(faults, in_receipts);
}

TEST(StepTest, StripShowsPagesAndTheZeroPage) {
  const auto steps = steps_of("A = mmap 4p anon private rw\nread A[1]\nwrite A[2]\n");
  const PageStrip& strip = steps.back().strips.at(1);
  ASSERT_EQ(strip.runs.size(), 4u);
  EXPECT_EQ(strip.runs[1].state, pagesim::PageState::Zero);
  EXPECT_EQ(strip.runs[2].state, pagesim::PageState::Anon);
  EXPECT_EQ(strip.runs[3].pages, 1u);
}

/// Asks a question about a program on the default machine.
template <class Ask>
std::string asked(const std::string& text, Ask ask) {
  const script::Program program = script::parse(text, "test.fl");
  const run::SimSetup setup;
  const run::RunOptions options;
  return ask(Question{program, setup, options, {}});
}

TEST(QueryTest, TriedDoubleFreeNamesTheCheckAndTheMemoryItRead) {
  const std::string text = asked("p = malloc 100\nfree p\n", [](const Question& question) {
    return try_operation(question, "free p", {});
  });
  EXPECT_THAT(text, HasSubstr("malloc aborts: free(): double free detected in"));
  EXPECT_THAT(text, HasSubstr("bin 5 is searched for it"));
  EXPECT_THAT(text, testing::ContainsRegex("read   heap\\+0x2a8 .*list_link"));
}

TEST(QueryTest, TriedOperationComesAfterTheLineThatIsNamed) {
  const std::string text = asked("p = malloc 100\nfree p\n", [](const Question& question) {
    return try_operation(question, "free p", 1);
  });
  EXPECT_THAT(text, HasSubstr("thread cache bin 5 takes it"));
}

TEST(QueryTest, AddressNamesTheOperationTheRuleAndTheEntryBeforeAndAfter) {
  const std::string text = asked("p = malloc 16\nq = malloc 5000\n", [](const Question& question) {
    return about_address(question, "heap+0x1648");
  });
  EXPECT_THAT(text, HasSubstr("line 2  q = malloc 5000"));
  EXPECT_THAT(text, HasSubstr("top_header write at heap+0x1648 faults: first_write"));
  EXPECT_THAT(text, HasSubstr("cut from top"));
  EXPECT_THAT(text, HasSubstr("before  PTE 0x0, empty"));
  EXPECT_THAT(text, testing::ContainsRegex("after   PTE 0x[0-9a-f]+, page: P"));
}

TEST(QueryTest, FaultIsCountedFromOneAndOneTooManyIsRefused) {
  const auto third = [](const Question& question) { return about_fault(question, 3); };
  EXPECT_THAT(asked("p = malloc 16\n", third), HasSubstr("top_header write at heap+0x8"));
  const auto far = [](const Question& question) { return about_fault(question, 99); };
  EXPECT_THROW((void)asked("p = malloc 16\n", far), std::runtime_error);
}

TEST(StepTextTest, NoLineIsWiderThanTheTerminal) {
  const script::Program program = script::parse(
      "p = calloc 100 3000\nq = malloc 3000\nfree p\nq = realloc q 90000\nwrite q[0..9]\n", "t.fl");
  for (const std::size_t width : {80, 140}) {
    StepWishes wishes;
    wishes.all = true;
    wishes.style.width = width;
    std::istringstream lines{explain(program, {}, {}, wishes).steps};
    std::size_t count = 0;
    for (std::string line; std::getline(lines, line); ++count)
      EXPECT_LE(line.size(), width) << line;
    EXPECT_GT(count, 20u);
  }
}

}  // namespace
}  // namespace tools::explain
