// Every script of this folder: each of its expectations holds on the simulated machine, and this
// kernel does the same, fault by fault.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/scripts/kernel_check.h"
#include "tools/run/compare_runs.h"
#include "tools/run/runner.h"
#include "tools/run/sim_runner.h"
#include "tools/script/parser.h"
#include "tools/script/print.h"
#include "tools/verbs/this_kernel.h"
#include "tools/verbs/workload_options.h"

namespace tools::run {
namespace {

std::vector<std::string> script_files() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator{SCRIPTS}) {
    if (entry.path().extension() == ".fl") files.push_back(entry.path().stem().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

class ScriptsTest : public testing::TestWithParam<std::string> {
 protected:
  [[nodiscard]] static verbs::Workload load() {
    return verbs::WorkloadOptions{}.load(std::string{SCRIPTS} + "/" + GetParam() + ".fl", {});
  }
};

TEST_P(ScriptsTest, CostsWhatItExpects) {
  const verbs::Workload work = load();
  const script::Program& tested = work.program;
  ASSERT_FALSE(tested.expectations.empty());
  RunOptions options = work.options;
  options.with_rss = expects_rss(tested);
  SimRunner runner{setup_for(tested)};
  try {
    const RunOutcome outcome = runner.run(tested, options);
    for (const BrokenExpectation& broken : check_expectations(tested, outcome)) {
      ADD_FAILURE() << tested.path << ":" << broken.expectation->line << ": expected "
                    << broken.expectation->text << ", got " << broken.got;
    }
  } catch (const Unsupported& unsupported) {
    GTEST_SKIP() << unsupported.what();
  }
}

TEST_P(ScriptsTest, CostsTheSameOnThisKernel) {
  if (!runs_the_measured_kernel()) GTEST_SKIP() << "the rules simulated are those of Linux 6.18";
  const verbs::Workload work = load();
  if (const std::string why = verbs::why_not_here(setup_for(work.program)); !why.empty())
    GTEST_SKIP() << why;
  try {
    EXPECT_EQ(lasting_difference(work.program, work.options).difference, "");
  } catch (const Unsupported& unsupported) {
    GTEST_SKIP() << unsupported.what();
  }
}

TEST_P(ScriptsTest, ReadsBackFromItsPrintedForm) {
  const script::Program tested = load().program;
  const script::Program again = script::parse(script::to_text(tested), "printed");
  EXPECT_EQ(again.ops, tested.ops);
  EXPECT_EQ(again.names, tested.names);
  ASSERT_EQ(again.expectations.size(), tested.expectations.size());
  for (std::size_t i = 0; i < tested.expectations.size(); ++i) {
    script::Expectation expected = tested.expectations[i];
    expected.text = again.expectations[i].text;  // as written
    EXPECT_EQ(again.expectations[i], expected) << tested.expectations[i].text;
  }
}

std::string test_name(const testing::TestParamInfo<std::string>& tested) {
  std::string name = tested.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Scripts, ScriptsTest, testing::ValuesIn(script_files()), test_name);

}  // namespace
}  // namespace tools::run
