// Going back to any step shows what a run up to there would.
#include "tools/explain/tui/keyframes.h"

#include <gtest/gtest.h>

#include <random>

#include "tests/tools/explain/tui/shown_run.h"

namespace tools::explain {
namespace {

FrameRequest all_of(std::uint64_t op) {
  FrameRequest request;
  request.op = op;
  request.widths.fill(100);
  return request;
}

std::string random_script(unsigned seed, std::size_t operations) {
  std::mt19937 random{seed};
  std::vector<std::size_t> live;
  std::string text;
  for (std::size_t i = 0; i < operations; ++i) {
    if (!live.empty() && random() % 2 == 0) {
      std::swap(live[random() % live.size()], live.back());
      text += "free p" + std::to_string(live.back()) + '\n';
      live.pop_back();
    } else {
      text += "p" + std::to_string(i) + " = malloc " + std::to_string(random() % 3000) + '\n';
      live.push_back(i);
    }
  }
  return text;
}

/// The frame of every step of one run, drawn in passing.
std::vector<Frame> in_passing(const script::Program& program) {
  std::vector<Frame> frames;
  Stepper stepper{
      program, [&](const Step& step) { frames.push_back(frame_of(step, all_of(step.index()))); }};
  run::SimRunner runner;
  runner.set_witness(&stepper);
  (void)runner.run(program, {});
  return frames;
}

TEST(KeyframesTest, AnyStepInAnyOrderIsAsItWasInPassing) {
  ShownRun run{random_script(1, 300)};  // 300: several steps from a keyframe to the next
  const std::vector<Frame> frames = in_passing(run.program);
  std::mt19937 random{2};
  for (int i = 0; i < 60; ++i) {
    const std::size_t op = random() % frames.size();
    EXPECT_EQ(run.keyframes.show(all_of(op)), frames[op]) << op;
  }
}

TEST(KeyframesTest, PanesThatAreNotAskedForAreNotDrawn) {
  ShownRun run{"p = malloc 10\n"};
  FrameRequest request = all_of(0);
  request.widths.fill(0);
  for (const std::string& text : run.keyframes.show(request)) EXPECT_EQ(text, "");
}

TEST(KeyframesTest, RunThatCannotBeMadeThrowsAsItWouldWithoutThem) {
  const script::Program program = script::parse("sysctl thp_enabled always\n", "test.fl");
  run::SimSetup setup;
  setup.config.geometry.page_shift = 14;
  Keyframes keyframes{program, [](const Step&) {}};
  EXPECT_ANY_THROW((void)keyframes.run(setup, {}));
}

}  // namespace
}  // namespace tools::explain
