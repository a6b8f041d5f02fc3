// Random programs: the simulated machine does the same twice, and what this kernel does.
//
// FAULTLINE_RANDOM_PROGRAMS=N runs N of them on this kernel, FAULTLINE_RANDOM_SEED=S the first with
// seed S. A difference is shrunk to a short script, printed, and left in the working directory;
// FAULTLINE_RANDOM_SHRINK=SECONDS says how long that may take, and after
// FAULTLINE_RANDOM_FAILURES=M of them the run ends.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <set>

#include "pagesim/machines.h"
#include "tests/scripts/kernel_check.h"
#include "tests/scripts/random_script.h"
#include "tests/scripts/script_shrinker.h"
#include "tools/run/compare_runs.h"
#include "tools/run/runner.h"
#include "tools/run/sim_runner.h"
#include "tools/script/error.h"
#include "tools/script/parser.h"

namespace tools::run {
namespace {

using script::RandomScript;

constexpr int kLines = 60;
constexpr unsigned kProgramsOfATest = 50;
constexpr unsigned kShrinkSeconds = 20;
constexpr unsigned kFailuresShown = 10;

std::string random_text(unsigned seed) { return RandomScript{seed}.write(kLines); }

script::Program random_program(unsigned seed) {
  return script::parse(random_text(seed), "random program " + std::to_string(seed));
}

unsigned from_environment(const char* name, unsigned otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : static_cast<unsigned>(std::strtoul(text, nullptr, 10));
}

RunOptions keep_going() {
  RunOptions options;
  options.keep_going = true;
  return options;
}

TEST(RandomProgramsTest, HaveEveryVerbAndEveryAdviceThatCanBeRun) {
  std::set<script::Verb> verbs;
  std::set<int> advice;
  for (unsigned seed = 0; seed < 300; ++seed) {
    for (const script::Op& op : random_program(seed).ops) {
      verbs.insert(op.verb);
      if (op.verb == script::Verb::Madvise) advice.insert(op.advice);
    }
  }
  EXPECT_EQ(verbs.size(), script::kVerbs - 5);  // sync, swapout, sysctl, ksm_scan, numa_scan
  EXPECT_EQ(advice.size(), script::advice_words().size() - 2);  // MERGEABLE, UNMERGEABLE
}

TEST(RandomProgramsTest, SimulatedRunsRepeat) {
  SimRunner runner;
  for (unsigned seed = 0; seed < 300; ++seed) {
    const script::Program program = random_program(seed);
    const RunOutcome first = runner.run(program, keep_going());
    const Comparison again = compare_runs(program, first, runner.run(program, keep_going()));
    ASSERT_TRUE(again.equal()) << program.path << ":" << again.first->line;
  }
}

TEST(RandomProgramsTest, CountsDoNotDependOnKeepingRecords) {
  RunOptions without = keep_going();
  without.with_faults = false;
  SimRunner runner;
  for (unsigned seed = 0; seed < 100; ++seed) {
    const script::Program program = random_program(seed);
    const RunOutcome kept = runner.run(program, keep_going());
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
  const RunOptions options = keep_going();
  SimRunner four{setup_of("x86-64")};
  SimRunner five{setup_of("x86-64-5level")};
  for (unsigned seed = 0; seed < 100; ++seed) {
    const script::Program program = random_program(seed);
    const RunOutcome wide = five.run(program, options);
    const Comparison both = compare_runs(program, four.run(program, options), wide);
    ASSERT_TRUE(both.equal()) << program.path << ":" << both.first->line;
  }
}

TEST(RandomProgramsTest, EveryMachineRecordsWhatItCounts) {
  const RunOptions options = keep_going();
  for (const std::string_view machine : pagesim::machine_names()) {
    const SimSetup setup = setup_of(machine);
    if (setup.config.geometry.is_32_bit()) continue;  // the programs' addresses are too large
    SimRunner runner{setup};
    for (unsigned seed = 0; seed < 60; ++seed) {
      const script::Program program =
          script::parse(random_text(seed), std::string{machine} + std::to_string(seed),
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

/// What comes of a script under an allocator of ours, as `find` sees it; nothing for what is none.
Verdict verdict_of(const std::string& text, const std::string& allocator,
                   decltype(first_difference)& find) {
  try {
    const script::Program program = script::parse(text, "line");
    if (program.ops.empty()) return {};
    RunOptions options = keep_going();
    options.probes = probes_at_end(program);
    KernelOptions kernel;
    kernel.allocator = allocator;
    kernel.rest_after_major = false;               // whatever is read from disk is read alone
    kernel.time_limit = std::chrono::seconds{20};  // shortened, a script may wait for ever
    return find(program, options, kernel);
  } catch (const script::ScriptError&) {
    return {};
  }
}

/// What keeps a script from being run at all is a difference too.
Verdict lasting_verdict_of(const std::string& text, const std::string& allocator) {
  try {
    return verdict_of(text, allocator, lasting_difference);
  } catch (const Unsupported&) {
    throw;
  } catch (const std::runtime_error& error) {
    return {error.what(), {}};
  }
}

/// The shortest script found with a difference, with the difference as a comment.
std::string shrunk(unsigned seed, const std::string& allocator, std::chrono::seconds budget) {
  const std::string text = random_text(seed);
  const auto fails = [&](const std::string& each) {
    try {
      return !verdict_of(each, allocator, first_difference).difference.empty();
    } catch (const std::runtime_error&) {  // with a line less it unmaps what the child needs
      return false;
    }
  };
  const std::string shortest = shrink_script(RandomScript{seed}.pieces(kLines), fails, budget);
  const std::string left = lasting_verdict_of(shortest, allocator).difference;
  if (!left.empty()) return "# " + left + "\n" + shortest;
  return "# " + lasting_verdict_of(text, allocator).difference + "\n" + text;
}

/// By the name of one of our allocators.
class RandomProgramsUnderTest : public testing::TestWithParam<const char*> {};

TEST_P(RandomProgramsUnderTest, ThisKernelDoesTheSame) {
  if (!runs_the_measured_kernel()) GTEST_SKIP() << "the rules simulated are those of Linux 6.18";
  const unsigned programs = from_environment("FAULTLINE_RANDOM_PROGRAMS", kProgramsOfATest);
  const unsigned first = from_environment("FAULTLINE_RANDOM_SEED", 1000);
  const unsigned most = from_environment("FAULTLINE_RANDOM_FAILURES", kFailuresShown);
  const std::chrono::seconds budget{from_environment("FAULTLINE_RANDOM_SHRINK", kShrinkSeconds)};
  unsigned failures = 0;
  unsigned explained = 0;
  for (unsigned seed = first; seed < first + programs && failures < most; ++seed) {
    try {
      const Verdict verdict = lasting_verdict_of(random_text(seed), GetParam());
      explained += verdict.explained.empty() ? 0 : 1;
      if (verdict.difference.empty()) continue;
    } catch (const Unsupported& unsupported) {
      GTEST_SKIP() << unsupported.what();
    }
    const std::string script = shrunk(seed, GetParam(), budget);
    const std::string file = fmt::format("random-program-{}-{}.fl", GetParam(), seed);
    std::ofstream{file} << script;
    ADD_FAILURE() << "seed " << seed << ", left in " << file << ":\n" << script;
    ++failures;
  }
  RecordProperty("different", static_cast<int>(failures));
  RecordProperty("explained_by_placement", static_cast<int>(explained));
  std::printf("%u programs: %u different, %u explained by what lies beside a mapping\n", programs,
              failures, explained);
}
INSTANTIATE_TEST_SUITE_P(All, RandomProgramsUnderTest, testing::Values("ptmalloc", "faultline"),
                         [](const auto& each) { return std::string{each.param}; });

}  // namespace
}  // namespace tools::run
