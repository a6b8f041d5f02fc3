// Programs on this kernel: what is counted, where, and what happens to a run that goes wrong.
#include "tools/run/kernel_runner.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <string>

#include "tools/measure/allocator_library.h"
#include "tools/measure/rights.h"
#include "tools/script/parser.h"

namespace tools::run {
namespace {

using pagesim::Access;
using pagesim::Cause;
using pagesim::Outcome;

script::Program program_of(const std::string& text) { return script::parse(text, "test.fl"); }

RunOutcome run(const std::string& text, KernelOptions kernel = {.allocator = "glibc"},
               const RunOptions& options = {.keep_going = true}) {
  return KernelRunner{std::move(kernel)}.run(program_of(text), options);
}

std::vector<std::uint32_t> minors(const RunOutcome& outcome) {
  std::vector<std::uint32_t> counts;
  for (const OpOutcome& op : outcome.ops) counts.push_back(op.minor);
  return counts;
}

const pagesim::FaultRecord& fault(const RunOutcome& outcome, std::size_t op, std::size_t i = 0) {
  return outcome.faults.at(outcome.ops.at(op).first_fault + i);
}

TEST(KernelRunnerTest, CountsOneMinorFaultForTheFirstWriteOfAPage) {
  const RunOutcome outcome = run("A = mmap 4p anon private rw\nwrite A[1]\nwrite A[1]\n");
  EXPECT_EQ(minors(outcome), (std::vector<std::uint32_t>{0, 1, 0}));
  EXPECT_EQ(outcome.total.minor, 1u);
}

TEST(KernelRunnerTest, TellsTheByteThatFaulted) {
  const RunOutcome outcome = run("A = mmap 4p anon private rw\nwrite A[1]+17\n");
  if (!outcome.has_addresses) GTEST_SKIP() << outcome.missing.at(0);
  ASSERT_EQ(outcome.ops[1].fault_count, 1u);
  EXPECT_EQ(fault(outcome, 1).address.raw(), outcome.ops[0].address + 4096 + 17);
  EXPECT_EQ(fault(outcome, 1).access, Access::Write);
  EXPECT_EQ(fault(outcome, 1).outcome, Outcome::Minor);
}

TEST(KernelRunnerTest, TellsZeroPageCopyAndReuseApart) {
  const RunOutcome outcome =
      run("A = mmap 4p anon private rw\nread A\nwrite A\nfork c\nc: write A\nwrite A\n");
  if (!outcome.has_causes) GTEST_SKIP() << "frame numbers cannot be had";
  EXPECT_EQ(fault(outcome, 1).cause, Cause::ZeroRead);
  EXPECT_EQ(fault(outcome, 2).cause, Cause::ZeroUpgrade);
  EXPECT_EQ(fault(outcome, 4).cause, Cause::CowCopy);
  EXPECT_EQ(fault(outcome, 5).cause, Cause::CowReuse);
  EXPECT_EQ(fault(outcome, 4).process, 1u);
}

TEST(KernelRunnerTest, ForkItselfCostsNothing) {
  const RunOutcome outcome = run(
      "A = mmap 64p anon private rw\nwrite A[..]\nfork c\nfork d\nc: read A[..]\nd: read A[..]\n");
  EXPECT_EQ(minors(outcome), (std::vector<std::uint32_t>{0, 64, 0, 0, 0, 0}));
}

TEST(KernelRunnerTest, GoesOnAfterASignalWhenAskedTo) {
  const RunOutcome outcome = run("write @0x10\nA = mmap 1p anon private rw\nwrite A\n");
  ASSERT_EQ(outcome.signals.size(), 1u);
  EXPECT_EQ(outcome.signals[0].first, 0u);
  EXPECT_EQ(outcome.signals[0].second.number, SIGSEGV);
  EXPECT_EQ(outcome.signals[0].second.code, SEGV_MAPERR);
  EXPECT_EQ(outcome.signals[0].second.address.raw(), 0x10u);
  EXPECT_EQ(minors(outcome), (std::vector<std::uint32_t>{0, 0, 1}));
}

TEST(KernelRunnerTest, ASignalEndsItsProcessAndNoOther) {
  const RunOutcome outcome =
      run("A = mmap 2p anon private rw\nfork c\nc: write @0x10\nc: write A\nwrite A\n",
          {.allocator = "glibc"}, {.keep_going = false});
  EXPECT_TRUE(outcome.ops[2].ran);
  EXPECT_FALSE(outcome.ops[3].ran);
  EXPECT_TRUE(outcome.ops[4].ran);
  EXPECT_EQ(outcome.ops[4].minor, 1u);
}

TEST(KernelRunnerTest, ChildrenGoOnWhenMainIsKilled) {
  const RunOutcome outcome = run(
      "A = mmap 2p anon private rw\nfork c\nwrite @0x10\nwrite A\nfork d\nd: write A\nc: write A\n",
      {.allocator = "glibc"}, {.keep_going = false});
  EXPECT_FALSE(outcome.ops[3].ran);
  EXPECT_FALSE(outcome.ops[5].ran);
  EXPECT_TRUE(outcome.ops[6].ran);
  EXPECT_EQ(outcome.ops[6].minor, 1u);
}

TEST(KernelRunnerTest, AnExitedSharerLeavesItsPageToBeReused) {
  const RunOutcome outcome = run("A = mmap 1p anon private rw\nwrite A\nfork c\nexit c\nwrite A\n");
  EXPECT_EQ(outcome.ops[4].minor, 1u);
  if (outcome.has_causes) {
    EXPECT_EQ(fault(outcome, 4).cause, Cause::CowReuse);
  }
}

TEST(KernelRunnerTest, ThreadsShareNamesAndMemory) {
  const RunOutcome outcome =
      run("A = mmap 4p anon private rw\nthread t\nt: write A[1]\nwrite A[1]\nt: B = mmap 1p anon "
          "private rw\nwrite B\njoin t\nwrite A[2]\n");
  EXPECT_EQ(outcome.ops[2].minor, 1u);
  EXPECT_EQ(outcome.ops[3].minor, 0u);
  EXPECT_EQ(outcome.ops[5].minor, 1u);
  EXPECT_EQ(outcome.ops[7].minor, 1u);
  if (outcome.has_addresses) {
    EXPECT_EQ(fault(outcome, 2).process, 0u);
    EXPECT_EQ(fault(outcome, 2).thread, 1u);
  }
}

TEST(KernelRunnerTest, ChangesOfTheResidentSetAreExact) {
  const RunOutcome outcome = run("A = mmap 16p anon private rw\nwrite A[..]\nmunmap A[..]\n",
                                 {.allocator = "glibc"}, {.with_rss = true});
  ASSERT_EQ(outcome.rss.size(), 3u);
  EXPECT_EQ(outcome.rss[1].second.anon, 16 * 4096);
  EXPECT_EQ(outcome.rss[2].second.anon, -16 * 4096);
}

TEST(KernelRunnerTest, TheFirstMallocFaultsTheHeapsFirstPage) {
  const RunOutcome outcome = run("p = malloc 1024\nwrite p\nfree p\n");
  EXPECT_GE(outcome.ops[0].minor, 1u);
  EXPECT_EQ(outcome.ops[1].minor, 0u);
  EXPECT_EQ(outcome.ops[0].address - outcome.heap_base, 0x2a0u);  // behind the thread cache
}

TEST(KernelRunnerTest, AnAbortTellsWhatTheHeapSaid) {
  const RunOutcome outcome =
      run("p = malloc 2048\nq = malloc 16\nfill p+2048 64\nfree p\nwrite q\n");
  ASSERT_EQ(outcome.signals.size(), 1u);
  EXPECT_EQ(outcome.signals[0].second.number, SIGABRT);
  ASSERT_TRUE(outcome.abort_message.has_value());
  EXPECT_NE(outcome.abort_message->find("free()"), std::string::npos) << *outcome.abort_message;
  EXPECT_FALSE(outcome.ops[4].ran);
}

TEST(KernelRunnerTest, APreloadedLibraryServes) {
  const auto installed = measure::installed_allocators();
  if (installed.empty()) GTEST_SKIP() << "no other allocator is installed";
  for (const auto& library : installed) {
    const RunOutcome outcome =
        run("p = malloc 100000\nwrite p[..]\nfree p\n", {.allocator = library.name});
    EXPECT_NE(outcome.ops[0].address, 0u) << library.name;
    EXPECT_EQ(outcome.signals.size(), 0u) << library.name;
  }
}

TEST(KernelRunnerTest, ALibraryThatIsNotThereIsRefused) {
  EXPECT_THROW(run("p = malloc 8\n", {.allocator = "/nowhere/liballoc.so"}), std::runtime_error);
}

TEST(KernelRunnerTest, ALibraryWithoutMallocIsRefused) {
  try {
    run("p = malloc 8\n", {.allocator = "/lib/x86_64-linux-gnu/libm.so.6"});
    FAIL() << "libm served malloc";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string{error.what()}.find("exports no malloc"), std::string::npos);
  }
}

TEST(KernelRunnerTest, AChildThatHangsIsKilled) {
  // The pipe's other end is read in between, but a fill this long takes longer than its limit.
  KernelOptions kernel{.allocator = "glibc"};
  kernel.time_limit = std::chrono::milliseconds{50};
  std::string text = "A = mmap 1G anon private rw noreserve\n";
  for (int i = 0; i < 100; ++i) text += "write A[..]\nmadvise A[..] DONTNEED\n";
  try {
    run(text, kernel);
    FAIL() << "it was done within its limit";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string{error.what()}.find("time limit"), std::string::npos) << error.what();
  }
}

TEST(KernelRunnerTest, SettingsOfTheMachineAreNotChangedUnasked) {
  EXPECT_THROW(run("sysctl page_cluster 0\n"), Unsupported);
}

TEST(KernelRunnerTest, ALargeTraceRuns) {
  script::Program program = program_of("p = malloc 64\nwrite p\nfree p\n");
  const std::vector<script::Op> pattern = program.ops;
  for (int i = 0; i < 100'000; ++i)
    program.ops.insert(program.ops.end(), pattern.begin(), pattern.end());
  const RunOutcome outcome = KernelRunner{{.allocator = "glibc"}}.run(program, {});
  EXPECT_TRUE(std::all_of(outcome.ops.begin(), outcome.ops.end(),
                          [](const OpOutcome& op) { return op.ran; }));
  EXPECT_LE(outcome.total.minor, 64u);
}

TEST(KernelRunnerTest, WithoutMeasuringEachOnlyTotalsAreTaken) {
  KernelOptions kernel{.allocator = "glibc"};
  kernel.measure_each = false;
  const RunOutcome outcome = run("A = mmap 256p anon private rw\nwrite A[..]\n", kernel);
  EXPECT_EQ(outcome.total.minor, 256u);
  EXPECT_FALSE(outcome.has_addresses);
  EXPECT_GT(outcome.seconds.value_or(0), 0.0);
  EXPECT_GE(outcome.peak_rss.value_or(0), 256u * 4096);
}

TEST(KernelRunnerTest, TellsWhichPagesOfAFileAreInMemory) {
  const script::Program program = program_of("file F 8p\nevict F\ncache F[2..3]\ncache F[6..6]\n");
  RunOptions options;
  options.cache_probes = {{0, 0}, {1, 0}, {3, 0}};
  const RunOutcome outcome = KernelRunner{{.allocator = "glibc"}}.run(program, options);
  EXPECT_EQ(outcome.cached.at(0), (PageRuns{{0, 7}}));
  EXPECT_EQ(outcome.cached.at(1), PageRuns{});
  EXPECT_EQ(outcome.cached.at(2), (PageRuns{{2, 3}, {6, 6}}));
}

TEST(KernelRunnerTest, PageStatesAreAnswered) {
  RunOptions options;
  script::Program program = program_of("A = mmap 3p anon private rw\nread A[0]\nwrite A[1]\n");
  options.probes.push_back({2, 0, program.ops[1].to, 3});
  const RunOutcome outcome = KernelRunner{{.allocator = "glibc"}}.run(program, options);
  ASSERT_EQ(outcome.pages.size(), 1u);
  EXPECT_EQ(outcome.pages[0].states[2], "absent");
  if (outcome.has_causes) {
    EXPECT_EQ(outcome.pages[0].states[0], "zero");
    EXPECT_EQ(outcome.pages[0].letters[1], "Ax");
  }
}

}  // namespace
}  // namespace tools::run
