// The time of faults: adding up predictions, and how near they come to this machine.
#include "tools/run/fault_time.h"

#include <gtest/gtest.h>

#include "tools/run/kernel_runner.h"
#include "tools/run/sim_runner.h"
#include "tools/run/timed_runs.h"
#include "tools/script/parser.h"

namespace tools::run {
namespace {

using pagesim::Costs;
using pagesim::FaultKind;

/// A first touch takes 1000 ns and 400 with a recycled frame, a copy 2000, an upgrade is unknown.
Costs few_costs() {
  Costs costs;
  costs.of(FaultKind::FirstTouch) = {1000, 0};
  costs.of(FaultKind::CowCopy) = {2000, 0};
  costs.of(FaultKind::CowReuse) = {300, 0};
  costs.of(FaultKind::ZeroRead) = {200, 0};
  for (std::uint64_t i = 0; i < costs.recycled.size(); ++i)
    costs.recycled.at(i) = {100 * (i + 1), {400, 0}};
  return costs;
}

/// What the last line's faults take.
double last_line(const std::string& text) {
  const script::Program program = script::parse(text, "test.fl");
  SimRunner simulated;
  return fault_time(program, simulated.run(program, {}), few_costs()).ops.back().predicted_ns;
}

const std::string kMap = "A = mmap 4p anon private rw\n";

TEST(FaultTimeTest, FrameOfAPageThatWasDroppedIsRecycled) {
  EXPECT_EQ(last_line(kMap + "write A[..]\n"), 4000);
  EXPECT_EQ(last_line(kMap + "write A[..]\nmadvise A[..] DONTNEED\nwrite A[..]\n"), 4 * 400);
  EXPECT_EQ(last_line(kMap + "write A[0]\nwrite A[1..3]\n"), 3000);
}

TEST(FaultTimeTest, CopyTakesAnotherFrame) {
  EXPECT_EQ(last_line(kMap + "write A[..]\nfork c\nwrite A[..]\n"), 4 * 2000);
  EXPECT_EQ(last_line(kMap + "write A[..]\nfork c\nc: write A[..]\n"), 4 * 2000);
}

TEST(FaultTimeTest, FramesOfAnEndedProcessAreRecycled) {
  const std::string end = "fork c\nc: write A[0..1]\nexit c\n";
  EXPECT_EQ(last_line(kMap + "write A[..]\n" + end + "B = mmap 4p anon private rw\nwrite B[..]\n"),
            2 * 400 + 2 * 1000);
}

TEST(FaultTimeTest, UnknownTimeIsCountedNotGuessed) {
  const script::Program program = script::parse(kMap + "read A[0..1]\nwrite A[..]\n", "test.fl");
  SimRunner simulated;
  const FaultTime time = fault_time(program, simulated.run(program, {}), few_costs());
  EXPECT_EQ(time.all.faults, 6);
  EXPECT_EQ(time.all.without_time, 2) << "two upgrades";
  EXPECT_EQ(time.all.predicted_ns, 2 * 200 + 2 * 1000);
  EXPECT_FALSE(time.accesses.measured_ns);
}

TEST(FaultTimeTest, MeasuredIsTheMedianOfRunsWithAsManyFaults) {
  const script::Program program = script::parse(kMap + "write A[..]\n", "test.fl");
  SimRunner simulated;
  const RunOutcome outcome = simulated.run(program, {});
  std::vector<RunOutcome> timed(4, outcome);
  timed[0].ops[1].fault_ns = 5000;
  timed[1].ops[1].fault_ns = 4000;
  timed[2].ops[1].fault_ns = 9000;
  timed[3].ops[1].fault_ns = 1;
  timed[3].ops[1].minor = 3;
  const FaultTime time = fault_time(program, outcome, few_costs(), timed);
  EXPECT_EQ(time.accesses.measured_ns, 5000);
  EXPECT_EQ(time.accesses.predicted_ns, 4000);
}

TEST(FaultTimeTest, OnlyAccessesOfTheProgramAreTimed) {
  const script::Program program = script::parse("p = malloc 100000\nwrite p[..]\n", "test.fl");
  const auto timed = timed_runs(program, {}, {});
  ASSERT_EQ(timed.size(), 3);
  EXPECT_FALSE(timed[0].ops[0].fault_ns) << "malloc does more than fault";
  EXPECT_TRUE(timed[0].ops[1].fault_ns);
}

}  // namespace
}  // namespace tools::run
