// What more rights add to a comparison, and that they change nothing else.
#include <unistd.h>

#include <string>

#include "tests/tools/compare/compare_fixture.h"

namespace tools::compare {
namespace {

class RightsTest : public PayerTest {
 protected:
  [[nodiscard]] json comparison(const std::string& what, const std::string& user = "",
                                const std::string& options = "") const {
    const std::string pages = std::to_string(kPages);
    return run_json("--no-warm-up --runs 1 --allocators glibc " + options + " -- " CAUSES " " +
                        what + " " + pages,
                    user);
  }
  [[nodiscard]] json typical_run(const std::string& what, const std::string& user = "") const {
    return comparison(what, user)["allocators"][0]["typical_run"];
  }
  [[nodiscard]] bool has_all_rights() const { return comparison("zero")["missing"].empty(); }
};

TEST_F(RightsTest, FaultsInTheKernelAreToldByTheirSystemCall) {
  if (!has_all_rights()) GTEST_SKIP() << "this user is not told of faults in the kernel";
  const json read = typical_run("filled");
  EXPECT_NEAR(read["kernel_by_system_call"]["read"].get<int>(), kPages, 3);
  EXPECT_GE(read["kernel_by_system_call"]["execve"], 1);
  EXPECT_EQ(sum(read["kernel_by_system_call"]), read["by_payer"]["kernel"]);
}

TEST_F(RightsTest, MemoryThatACallPopulatedIsThatCallsForEveryUser) {
  const json run = typical_run("populated");
  EXPECT_EQ(run["kernel_by_system_call"]["mmap"], kPages + 1);
  EXPECT_EQ(sum(run["kernel_by_system_call"]), run["by_payer"]["kernel"]);
}

TEST_F(RightsTest, EachFaultWithAnEventHasItsErrorCode) {
  if (!has_all_rights()) GTEST_SKIP() << "this user is not told error codes";
  const json run = typical_run("forked");
  const json& codes = run["by_error_code"];
  EXPECT_EQ(sum(codes), run["minor"].get<int>() + run["major"].get<int>());
  const int without_event = run["by_payer"]["kernel"].get<int>() - run["kernel_events"].get<int>();
  EXPECT_EQ(codes.value("unknown", 0), without_event);
  EXPECT_NEAR(codes["0x06"].get<int>(), kPages, 30) << "writes to absent pages";
  EXPECT_NEAR(codes["0x07"].get<int>(), 2 * kPages, 60) << "and to present ones, after the fork";
}

TEST_F(RightsTest, ErrorCodesCanBeLeftOutAndChangeNoCause) {
  if (!has_all_rights()) GTEST_SKIP() << "this user is not told error codes";
  for (const char* what : {"zero", "forked", "filled"}) {
    const json without = comparison(what, "setarch -R ", "--no-error-codes");
    EXPECT_TRUE(without["missing"].empty()) << without["missing"];
    const json& run = without["allocators"][0]["typical_run"];
    EXPECT_TRUE(run["by_error_code"].is_null());
    const json with = typical_run(what, "setarch -R ");
    for (const auto& [name, count] : with["by_cause"].items()) {
      EXPECT_NEAR(count.get<int>(), run["by_cause"].value(name, -100), 2) << what << " " << name;
    }
  }
}

TEST_F(RightsTest, AnOrdinaryUserSeesTheSameCounts) {
  const std::string user = "setpriv --reuid=65534 --regid=65534 --clear-groups ";
  if (geteuid() != 0 || !can_run(user)) GTEST_SKIP() << "no other user can run it";
  for (const char* what : {"zero", "forked", "filled"}) {
    const json root = typical_run(what, "setarch -R ");
    const json other = typical_run(what, user + "setarch -R ");
    for (const char* table : {"by_payer", "by_region", "by_cause", "by_writer"}) {
      ASSERT_EQ(root[table].size(), other[table].size()) << what << root[table] << other[table];
      for (const auto& [name, count] : root[table].items()) {
        EXPECT_NEAR(count.get<int>(), other[table].value(name, -100), 2) << what << " " << name;
      }
    }
  }
}

TEST_F(RightsTest, AnOrdinaryUserIsToldInASentenceWhatIsMissing) {
  const std::string user = "setpriv --reuid=65534 --regid=65534 --clear-groups ";
  if (geteuid() != 0 || !can_run(user)) GTEST_SKIP() << "no other user can run it";
  const json found = comparison("zero", user);
  ASSERT_EQ(found["missing"].size(), 1u) << found["missing"];
  EXPECT_NE(found["missing"][0].get<std::string>().find("the error codes of faults"),
            std::string::npos);
  EXPECT_TRUE(found["allocators"][0]["typical_run"]["by_error_code"].is_null());
}

}  // namespace
}  // namespace tools::compare
