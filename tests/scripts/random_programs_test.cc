// Random programs: the simulated machine does the same twice, and what this kernel does.
#include <gtest/gtest.h>

#include "tests/scripts/kernel_check.h"
#include "tests/scripts/random_program.h"
#include "tools/run/compare_runs.h"
#include "tools/run/runner.h"
#include "tools/run/sim_runner.h"
#include "tools/script/parser.h"

namespace tools::run {
namespace {

script::Program random_program(unsigned seed, int lines) {
  return script::parse(RandomProgram{seed}.write(lines), "random program " + std::to_string(seed));
}

TEST(RandomProgramsTest, SimulatedRunsRepeat) {
  RunOptions options;
  options.keep_going = true;
  SimRunner runner;
  for (unsigned seed = 0; seed < 300; ++seed) {
    const script::Program program = random_program(seed, 60);
    const RunOutcome first = runner.run(program, options);
    const Comparison again = compare_runs(program, first, runner.run(program, options));
    ASSERT_TRUE(again.equal()) << program.path << ":" << again.first->line;
  }
}

TEST(RandomProgramsTest, CountsDoNotDependOnKeepingRecords) {
  RunOptions with;
  with.keep_going = true;
  RunOptions without = with;
  without.with_faults = false;
  SimRunner runner;
  for (unsigned seed = 0; seed < 100; ++seed) {
    const script::Program program = random_program(seed, 60);
    const RunOutcome kept = runner.run(program, with);
    ASSERT_EQ(kept.total, runner.run(program, without).total) << program.path;
    std::uint64_t counted = 0;
    for (const pagesim::FaultRecord& fault : kept.faults) {
      counted += fault.outcome == pagesim::Outcome::Signal ? 0 : 1;
    }
    ASSERT_EQ(counted, kept.total.minor + kept.total.major) << program.path;
  }
}

TEST(RandomProgramsTest, ThisKernelDoesTheSame) {
  if (!runs_the_measured_kernel()) GTEST_SKIP() << "the rules simulated are those of Linux 6.18";
  for (unsigned seed = 1000; seed < 1040; ++seed) {
    const script::Program program = random_program(seed, 50);
    try {
      EXPECT_EQ(lasting_difference(program, true), "") << RandomProgram{seed}.write(50);
    } catch (const Unsupported& unsupported) {
      GTEST_SKIP() << unsupported.what();
    }
  }
}

}  // namespace
}  // namespace tools::run
