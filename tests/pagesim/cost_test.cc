// What faults take: the arithmetic of a calibration.
#include "pagesim/cost.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/pagesim/world.h"

namespace pagesim::test {
namespace {

/// Kind i takes (i + 1) * 1000 ns, an exception 300, a lookup 50, a recycled frame saves half.
Costs thousands() {
  Costs costs;
  for (std::size_t i = 0; i < kFaultKinds; ++i)
    costs.kinds[i] = Figure{static_cast<double>(i + 1) * 1000, 0};
  costs.recycled = {{{100, {500, 0}}, {200, {600, 0}}, {300, {700, 0}}, {400, {1100, 0}}}};
  costs.exception = Figure{300, 0};
  costs.lookup = Figure{50, 0};
  costs.wait = Figure{2000, 0};
  return costs;
}

FaultRecord fault(Cause cause, Mode mode = Mode::User, Outcome outcome = Outcome::Minor) {
  FaultRecord record;
  record.cause = cause;
  record.mode = mode;
  record.outcome = outcome;
  return record;
}

TEST(CostTest, EachFaultTakesWhatItsKindTook) {
  const Costs costs = thousands();
  EXPECT_EQ(costs.of(fault(Cause::FirstWrite)), 1000);
  EXPECT_EQ(costs.of(fault(Cause::ZeroRead)), 2000);
  EXPECT_EQ(costs.of(fault(Cause::ZeroUpgrade)), 3000);
  EXPECT_EQ(costs.of(fault(Cause::CowCopy)), 4000);
  EXPECT_EQ(costs.of(fault(Cause::CowReuse)), 5000);
  EXPECT_EQ(costs.of(fault(Cause::FileMap)), 7000);
  EXPECT_EQ(costs.of(fault(Cause::HugeFirstWrite)), 12000);
  EXPECT_EQ(costs.of(fault(Cause::FileRead, Mode::User, Outcome::Major)), 14000);
}

TEST(CostTest, PopulatingTakesNoException) {
  EXPECT_EQ(thousands().of(fault(Cause::FirstWrite, Mode::Gup)), 700);
}

TEST(CostTest, WhatWasNotMeasuredHasNoTime) {
  Costs costs = thousands();
  EXPECT_EQ(costs.of(fault(Cause::Invalid, Mode::User, Outcome::Signal)), std::nullopt);
  EXPECT_EQ(costs.of(fault(Cause::SwapIn, Mode::User, Outcome::Major)), std::nullopt);
  EXPECT_EQ(costs.of(fault(Cause::Unknown)), std::nullopt);
  costs.of(FaultKind::Huge).reset();
  EXPECT_EQ(costs.of(fault(Cause::HugeFirstWrite)), std::nullopt);
  EXPECT_EQ(costs.steps(FaultKind::Huge), std::nullopt);
  costs.exception.reset();
  EXPECT_EQ(costs.of(fault(Cause::FirstWrite, Mode::Gup)), std::nullopt);
}

TEST(CostTest, RecycledFrameSavesLessTheMoreFramesThereAre) {
  const auto touch = [](std::uint64_t held) {
    return thousands().of(fault(Cause::FirstWrite), {true, held});
  };
  EXPECT_EQ(touch(1), 500);
  EXPECT_EQ(touch(100), 500);
  EXPECT_EQ(touch(150), 550) << "between two measured points";
  EXPECT_EQ(touch(300), 700);
  EXPECT_EQ(touch(400), 1000) << "never more than another frame";
  EXPECT_EQ(touch(100'000), 1000);
  EXPECT_EQ(thousands().of(fault(Cause::CowCopy), {true, 1}), 3500);
  EXPECT_EQ(thousands().of(fault(Cause::ZeroRead), {true, 1}), 2000) << "takes no frame";
}

TEST(CostTest, StepsAddUpToTheFault) {
  const Costs costs = thousands();
  for (std::size_t i = 0; i < kFaultKinds; ++i) {
    double sum = 0;
    const auto steps = *costs.steps(static_cast<FaultKind>(i));
    for (const auto& ns : steps) sum += ns.value_or(0);
    EXPECT_DOUBLE_EQ(sum, costs.kinds[i]->ns);
  }
}

TEST(CostTest, MinorFaultSkipsTheDisk) {
  const auto has_time = [](FaultKind kind, FaultStep step) {
    return (*thousands().steps(kind))[static_cast<std::size_t>(step)].has_value();
  };
  for (const FaultStep step : {FaultStep::StartTheRead, FaultStep::OthersRun}) {
    EXPECT_FALSE(has_time(FaultKind::FirstTouch, step)) << to_string(step);
    EXPECT_TRUE(has_time(FaultKind::Major, step)) << to_string(step);
  }
  for (const FaultStep step : {FaultStep::IoInterrupt, FaultStep::SaveTheOther,
                               FaultStep::WhichDisk, FaultStep::WaitForTheCpu}) {
    EXPECT_TRUE(is_within_the_wait(step));
    EXPECT_FALSE(has_time(FaultKind::Major, step)) << "measured as part of the wait";
  }
}

TEST(CostTest, RunTakesTheSumOfItsFaults) {
  World world;
  const VirtAddr at = world.map(3);
  read(world.task, at);
  write(world.task, at);
  write(world.task, at + kPage);
  const Costs costs = thousands();
  double ns = 0;
  for (const FaultRecord& record : world.machine.ledger().records()) ns += *costs.of(record);
  EXPECT_EQ(ns, 2000 + 3000 + 1000);
}

}  // namespace
}  // namespace pagesim::test
