// faultline compare as a check: exit status 1 over budget, and which sites grew.
#include <gtest/gtest.h>

#include <string>

#include "tests/tools/compare/compare_fixture.h"

namespace tools::compare {
namespace {

class BudgetTest : public CompareTest {
 protected:
  /// Of N blocks, never touched: 1,040 bytes each.
  [[nodiscard]] Result check(const std::string& options, int blocks) const {
    return run("--runs 2 --no-warm-up --allocators glibc " + options + " -- " CALLER " malloc " +
               std::to_string(blocks));
  }
};

TEST_F(BudgetTest, MoreFaultsThanAllowedIsStatus1) {
  EXPECT_EQ(check("--max-faults 2000", 3000).status, 0);
  const Result over = check("--max-faults 500", 3000);
  EXPECT_EQ(over.status, 1);
  EXPECT_NE(over.err.find("over the budget of 500"), std::string::npos) << over.err;
  EXPECT_NE(over.out.find("by region"), std::string::npos) << "results are printed all the same";
}

TEST_F(BudgetTest, MoreMemoryThanAllowedIsStatus1) {
  EXPECT_EQ(check("--max-rss 1G", 3000).status, 0);
  const Result over = check("--max-rss 1M", 3000);
  EXPECT_EQ(over.status, 1);
  EXPECT_NE(over.err.find("over the budget of 1.0 MiB"), std::string::npos) << over.err;
}

TEST_F(BudgetTest, TheSitesThatGrewSinceTheBaselineAreNamed) {
  ASSERT_EQ(check("--format json -o before.json", 3000).status, 0);
  EXPECT_EQ(check("--baseline before.json", 3000).status, 0);
  EXPECT_EQ(check("--baseline before.json", 1000).status, 0) << "fewer is no fault";
  EXPECT_EQ(check("--baseline before.json --tolerance 50", 3300).status, 0);
  const Result over = check("--baseline before.json", 4000);
  EXPECT_EQ(over.status, 1);
  EXPECT_NE(over.err.find("more than the baseline's"), std::string::npos) << over.err;
  if (over.out.find("by call site") == std::string::npos)
    GTEST_SKIP() << "no perf events: no sites";
  EXPECT_NE(over.err.find("  allocate (caller.c:"), std::string::npos) << over.err;
}

TEST_F(BudgetTest, ASiteThatGrowsWhileAnotherShrinksIsSeen) {
  const std::string options = "--runs 1 --no-warm-up --allocators glibc ";
  const Result before = run(options + "--format json -o before.json -- " CALLER " deep 3000");
  ASSERT_EQ(before.status, 0) << before.err;
  const Result after = run(options + "--baseline before.json -- " CALLER " jit 3000");
  if (after.out.find("by call site") == std::string::npos) GTEST_SKIP() << "no perf events";
  EXPECT_EQ(after.status, 1);
  EXPECT_NE(after.err.find("as many faults as the baseline"), std::string::npos) << after.err;
  EXPECT_NE(after.err.find("[no file]"), std::string::npos) << after.err;
}

TEST_F(BudgetTest, WhatIsNoBaselineIsRefusedBeforeAnythingRuns) {
  std::ofstream{folder_ + "/text"} << "allocators";
  const Result result = check("--keep-output kept --baseline text", 3000);
  EXPECT_EQ(result.status, 2);
  EXPECT_NE(result.err.find("text: no comparison"), std::string::npos) << result.err;
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/kept"));
  std::ofstream{folder_ + "/other"} << R"({"allocators":[{"name":"glibc","minor":5}]})";
  EXPECT_EQ(check("--baseline other", 3000).status, 2);
}

}  // namespace
}  // namespace tools::compare
