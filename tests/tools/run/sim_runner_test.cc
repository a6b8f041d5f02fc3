// Programs on the simulated machine: preparation, ends of processes, refusals.
#include "tools/run/sim_runner.h"

#include <gtest/gtest.h>

#include <csignal>

#include "tools/run/compare_runs.h"
#include "tools/script/parser.h"

namespace tools::run {
namespace {

RunOutcome run(const char* text, const RunOptions& options = {}) {
  return SimRunner{}.run(script::parse(text, "test.fl"), options);
}

TEST(SimRunnerTest, OwnPagesOfTheProcessArePresentFromTheStart) {
  const RunOutcome outcome = run("read text\nwrite stack\nwrite stack[1]\nread text[1]\n");
  EXPECT_EQ(outcome.total, pagesim::Counters{});
}

TEST(SimRunnerTest, ForkAndThreadLinesCountNothing) {
  const RunOutcome outcome = run("p = malloc 100\nfork c\nthread t\njoin t\nexit c\n");
  for (std::size_t i = 1; i < outcome.ops.size(); ++i) {
    EXPECT_TRUE(outcome.ops[i].ran);
    EXPECT_EQ(outcome.ops[i].minor, 0u);
    EXPECT_EQ(outcome.ops[i].fault_count, 0u);
  }
}

TEST(SimRunnerTest, StackAndThreadLocalPagesAreTakenBackAfterForkButTheHeapIsNot) {
  const RunOutcome outcome =
      run("p = malloc 100\nfork c\nc: write stack\nwrite stack\nc: write p\n");
  EXPECT_EQ(outcome.ops[2].minor, 0u);
  EXPECT_EQ(outcome.ops[3].minor, 0u);
  EXPECT_EQ(outcome.ops[4].minor, 1u);
}

TEST(SimRunnerTest, AllocatorsOwnStateIsNotTouchedBeforehand) {
  const RunOutcome outcome = run("p = malloc 100\n");
  ASSERT_FALSE(outcome.faults.empty());
  EXPECT_EQ(outcome.faults[0].address.raw() & ~std::uint64_t{4095}, outcome.globals_base);
}

TEST(SimRunnerTest, TakingThePagesBackAfterForkChangesNoByte) {
  // The thread's cache is found through its thread-local page: a block freed before a fork is
  // handed out again after it.
  const RunOutcome outcome =
      run("p = malloc 100\nfree p\nfork c\nc: q = malloc 100\nr = malloc 100\n");
  EXPECT_EQ(outcome.ops[3].address, outcome.ops[0].address);
  EXPECT_EQ(outcome.ops[4].address, outcome.ops[0].address);
}

TEST(SimRunnerTest, FatalSignalEndsItsProcessAndNoOther) {
  const RunOutcome outcome = run("fork c\nfork d\nc: read @8\nc: read text\nd: read text\n");
  EXPECT_EQ(outcome.signals.size(), 1u);
  EXPECT_FALSE(outcome.ops[3].ran);
  EXPECT_TRUE(outcome.ops[4].ran);
}

TEST(SimRunnerTest, FatalSignalEndsTheThreadsOfItsProcess) {
  const RunOutcome outcome = run("fork c\nc: thread t\nt: read @8\nc: read text\n");
  EXPECT_FALSE(outcome.ops[3].ran);
}

TEST(SimRunnerTest, KeepGoingSkipsToTheNextLine) {
  RunOptions options;
  options.keep_going = true;
  const RunOutcome outcome = run("read @8\nread text\n", options);
  EXPECT_EQ(outcome.signals.size(), 1u);
  EXPECT_TRUE(outcome.ops[1].ran);
}

TEST(SimRunnerTest, CorruptedHeapAbortsWithItsMessageEvenWhenGoingOn) {
  RunOptions options;
  options.keep_going = true;
  const RunOutcome outcome =
      run("p = malloc 24\nq = malloc 24\nwrite p+25 2\nfree q\nread text\n", options);
  EXPECT_EQ(outcome.abort_message, "double free or corruption (out)");
  ASSERT_EQ(outcome.signals.size(), 1u);
  EXPECT_EQ(outcome.signals[0].second.number, SIGABRT);
  EXPECT_FALSE(outcome.ops[4].ran);
}

TEST(SimRunnerTest, CountsAndResidentSetNeedNoFaultRecords) {
  RunOptions options;
  options.with_faults = false;
  options.with_rss = true;
  const RunOutcome outcome = run("A = mmap 4p anon private rw\nwrite A[..]\n", options);
  EXPECT_TRUE(outcome.faults.empty());
  EXPECT_EQ(outcome.ops[1].minor, 4u);
  EXPECT_EQ(outcome.total.exceptions, 4u);
  ASSERT_EQ(outcome.rss.size(), 2u);
  EXPECT_EQ(outcome.rss[1].second.anon, 4 * 4096);
}

TEST(SimRunnerTest, FaultRecordsAreNumberedThroughTheRun) {
  const RunOutcome outcome = run("A = mmap 4p anon private rw\nwrite A[..]\nfork c\nc: write A\n");
  for (std::size_t i = 0; i < outcome.faults.size(); ++i) {
    EXPECT_EQ(outcome.faults[i].sequence, i);
  }
  EXPECT_EQ(outcome.faults.back().process, 1u);
}

TEST(SimRunnerTest, ProgramForAnotherPageSizeIsRefused) {
  const script::Program program = script::parse("read text\n", "test.fl", 14);
  EXPECT_THROW((void)SimRunner{}.run(program, {}), std::runtime_error);
}

TEST(SimRunnerTest, RunsDoNotDependOnEarlierOnes) {
  const script::Program program = script::parse("p = malloc 100\nq = calloc 10 100\n", "test.fl");
  SimRunner runner;
  const RunOutcome first = runner.run(program, {});
  EXPECT_TRUE(compare_runs(program, first, runner.run(program, {})).equal());
}

}  // namespace
}  // namespace tools::run
