// Every scenario of the fault vectors, on the simulated machine.
//
//     mm_vectors_test --level anon     one test a scenario of that level
//     mm_vectors_test --accounted      every scenario of the directory was run or says why not
//
// Exit status 77, which ctest shows as a skip: nothing differs, and something was not run.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "tests/truth/scenario.h"
#include "tests/truth/scenario_check.h"
#include "tools/run/sim_runner.h"

namespace truth {
namespace {

constexpr int kSkipped = 77;

std::string identifier(std::string text) {
  std::replace(text.begin(), text.end(), '-', '_');
  return text;
}

/// The machine a scenario was measured on.
tools::run::SimSetup setup_of(const Scenario& scenario) {
  using pagesim::kernel::SwapDevice;
  tools::run::SimSetup setup;
  if (scenario.environment == "swap_disk") setup.profile.swap = SwapDevice::Disk;
  if (scenario.environment == "swap_zram") setup.profile.swap = SwapDevice::Zram;
  return setup;
}

/// One scenario as a test of its own.
class ScenarioTest : public testing::Test {
 public:
  explicit ScenarioTest(Scenario scenario) : scenario_{std::move(scenario)} {}

  void TestBody() override {
    tools::run::SimRunner runner{setup_of(scenario_)};
    const Verdict verdict = check(scenario_, runner);
    if (!verdict.skipped.empty()) GTEST_SKIP() << scenario_.id << ": " << verdict.skipped;
    for (const std::string& difference : verdict.differences) {
      ADD_FAILURE() << scenario_.id << " (" << scenario_.title << ")\n" << difference;
    }
  }

 private:
  Scenario scenario_;
};

/// Accounts for every scenario of the directory.
class AccountedTest : public testing::Test {
 public:
  explicit AccountedTest(std::vector<Scenario> scenarios) : scenarios_{std::move(scenarios)} {}

  void TestBody() override {
    ASSERT_FALSE(scenarios_.empty()) << "no scenario in " << directory() << "/mm.jsonl";
    std::map<std::string, std::vector<std::string>> reasons;
    std::size_t run = 0;
    for (const Scenario& scenario : scenarios_) {
      tools::run::SimRunner runner{setup_of(scenario)};
      const Verdict verdict = check(scenario, runner);
      run += verdict.skipped.empty() ? 1 : 0;
      if (!verdict.skipped.empty()) reasons[verdict.skipped].push_back(scenario.id);
      EXPECT_TRUE(verdict.differences.empty()) << scenario.id << ": " << verdict.differences[0];
    }
    report(run, reasons);
  }

 private:
  void report(std::size_t run, const std::map<std::string, std::vector<std::string>>& reasons) {
    std::size_t left_out = 0;
    std::string list;
    for (const auto& [reason, ids] : reasons) {
      left_out += ids.size();
      list += fmt::format("\n  {} ({}): {}", reason, ids.size(), fmt::join(ids, " "));
    }
    EXPECT_EQ(run + left_out, scenarios_.size());
    fmt::print("{} of {} scenarios run\n", run, scenarios_.size());
    if (left_out != 0) GTEST_SKIP() << left_out << " scenarios are not simulated yet:" << list;
  }

  std::vector<Scenario> scenarios_;
};

void add_scenarios(const std::vector<Scenario>& scenarios, const std::string& level) {
  for (const Scenario& scenario : scenarios) {
    if (scenario.level != level) continue;
    const std::string suite = "mm_" + identifier(level);
    testing::RegisterTest(suite.c_str(), identifier(scenario.id).c_str(), nullptr, nullptr,
                          __FILE__, __LINE__,
                          [scenario]() -> testing::Test* { return new ScenarioTest{scenario}; });
  }
}

/// Of tests that passed: 0, or kSkipped if none ran or, accounting, not all did.
int status(bool accounting) {
  const testing::UnitTest& tests = *testing::UnitTest::GetInstance();
  const bool nothing_ran = tests.successful_test_count() == 0;
  const bool incomplete = accounting && tests.skipped_test_count() != 0;
  return nothing_ran || incomplete ? kSkipped : 0;
}

int run(const std::string& mode, const std::string& level) {
  const std::vector<Scenario> scenarios = load_all();
  if (mode == "--accounted") {
    testing::RegisterTest("mm", "accounted", nullptr, nullptr, __FILE__, __LINE__,
                          [scenarios]() -> testing::Test* { return new AccountedTest{scenarios}; });
  } else {
    add_scenarios(scenarios, level);
  }
  if (RUN_ALL_TESTS() != 0) return 1;
  return status(mode == "--accounted");
}

}  // namespace
}  // namespace truth

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const bool accounted = arguments.size() == 1 && arguments[0] == "--accounted";
  const bool one_level = arguments.size() == 2 && arguments[0] == "--level";
  if (!accounted && !one_level) {
    fmt::print(stderr, "usage: mm_vectors_test --level LEVEL | --accounted\n");
    return 2;
  }
  try {
    return truth::run(arguments[0], accounted ? "" : arguments[1]);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
