// Comparisons where the kernel gives no perf events.
#include <cerrno>
#include <string>

#include "tests/tools/compare/compare_fixture.h"

namespace tools::compare {
namespace {

class WithoutPerfTest : public CompareTest {
 protected:
  [[nodiscard]] json comparison(const std::string& program, const std::string& by) const {
    return run_json("--runs 3 --allocators glibc -- " + program, by);
  }
  static std::string denied(int error) { return DENY " " + std::to_string(error) + " "; }
  static double median(const json& found, const char* figure) {
    return found["allocators"][0][figure]["median"].get<double>();
  }
};

TEST_F(WithoutPerfTest, GetrusageCountsWhatItCountsWithPerf) {
  const std::string program = TOUCH " 3000";
  const json with = comparison(program, "setarch -R ");
  for (const int error : {EACCES, EPERM, ENOSYS}) {
    const json without = comparison(program, denied(error) + "setarch -R ");
    EXPECT_EQ(without["allocators"][0]["status"], "ok");
    EXPECT_NEAR(median(without, "minor"), median(with, "minor"), 1) << error;
    EXPECT_EQ(median(without, "major"), median(with, "major")) << error;
  }
}

TEST_F(WithoutPerfTest, WhatIsNotKnownIsNoZero) {
  const json found = comparison(TOUCH " 10", denied(EPERM));
  const json& glibc = found["allocators"][0];
  for (const char* figure : {"faults_in_malloc", "faults_in_program", "faults_in_kernel"}) {
    EXPECT_TRUE(glibc[figure].is_null()) << figure;
  }
  for (const char* table :
       {"by_payer", "by_region", "by_cause", "by_writer", "by_site", "by_error_code"}) {
    EXPECT_TRUE(glibc["typical_run"][table].is_null()) << table;
  }
  ASSERT_EQ(found["missing"].size(), 1u);
  EXPECT_NE(found["missing"][0].get<std::string>().find("Operation not permitted"),
            std::string::npos);
}

TEST_F(WithoutPerfTest, PagesPresentAtExitAreToldByRegion) {
  const auto pages = [&](const std::string& program, const char* region) {
    const json found = comparison(program, denied(EACCES));
    return found["allocators"][0]["typical_run"]["present_at_exit"][region].get<double>();
  };
  EXPECT_NEAR(pages(TOUCH " 5000", "anonymous") - pages(TOUCH " 0", "anonymous"), 5000, 5);
  EXPECT_NEAR(pages(PAYER " malloc 20000", "brk_heap") - pages(PAYER " malloc 0", "brk_heap"),
              20'000 * 1040.0 / 4096, 5);
}

TEST_F(WithoutPerfTest, EveryProcessOfATreeIsCounted) {
  const json one = comparison(TOUCH " 2000", denied(EACCES));
  const json two = comparison("/bin/sh -c '" TOUCH " 2000; " TOUCH " 2000; true'", denied(EACCES));
  const auto anonymous = [](const json& found) {
    return found["allocators"][0]["typical_run"]["present_at_exit"]["anonymous"].get<int>();
  };
  EXPECT_GE(anonymous(two), anonymous(one) + 2000);
}

}  // namespace
}  // namespace tools::compare
