// Random programs: the simulated machine does the same twice, and what this kernel does.
#include <gtest/gtest.h>

#include "pagesim/machines.h"
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

SimSetup setup_of(std::string_view machine) {
  const pagesim::MachineModel model = *pagesim::machine_model(machine);
  SimSetup setup;
  setup.machine = machine;
  setup.config = model.config;
  setup.layout = model.layout;
  return setup;
}

TEST(RandomProgramsTest, FiveLevelsTakeTheFaultsOfFour) {
  RunOptions options;
  options.keep_going = true;
  SimRunner four{setup_of("x86-64")};
  SimRunner five{setup_of("x86-64-5level")};
  for (unsigned seed = 0; seed < 100; ++seed) {
    const script::Program program = random_program(seed, 60);
    const RunOutcome wide = five.run(program, options);
    const Comparison both = compare_runs(program, four.run(program, options), wide);
    ASSERT_TRUE(both.equal()) << program.path << ":" << both.first->line;
  }
}

TEST(RandomProgramsTest, EveryMachineRecordsWhatItCounts) {
  RunOptions options;
  options.keep_going = true;
  for (const std::string_view machine : pagesim::machine_names()) {
    const SimSetup setup = setup_of(machine);
    if (setup.config.geometry.is_32_bit()) continue;  // the programs' addresses are too large
    SimRunner runner{setup};
    for (unsigned seed = 0; seed < 60; ++seed) {
      const script::Program program =
          script::parse(RandomProgram{seed}.write(60), std::string{machine} + std::to_string(seed),
                        setup.config.geometry.page_shift);
      const RunOutcome outcome = runner.run(program, options);
      const bool arm64 = setup.config.geometry.arch == pagesim::hardware::Arch::Arm64;
      std::uint64_t counted = 0;
      for (const pagesim::FaultRecord& fault : outcome.faults) {
        counted += fault.outcome == pagesim::Outcome::Signal ? 0 : 1;
        const bool exception = fault.mode != pagesim::Mode::Gup;
        ASSERT_EQ(fault.esr != 0, arm64 && exception) << program.path;
        ASSERT_EQ(fault.error_code.has_value(), !arm64 && exception) << program.path;
      }
      ASSERT_EQ(counted, outcome.total.minor + outcome.total.major) << program.path;
    }
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
