// Call sites, by programs whose faulting lines are marked in their source.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/tools/compare/compare_fixture.h"

namespace tools::compare {
namespace {

constexpr int kBlocks = 3000;

/// The number of the line of caller.c that carries this mark.
int marked_line(const std::string& mark) {
  std::ifstream in{CALLER_SOURCE};
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.find("site: " + mark + " */") != std::string::npos) return number;
  }
  return 0;
}

class SitesTest : public PayerTest {
 protected:
  [[nodiscard]] json typical_of(const std::string& command) const {
    const json found =
        run_json("--runs 1 --no-warm-up --allocators " + command + " " + std::to_string(kBlocks));
    return found["allocators"][0]["typical_run"];
  }
  /// The site with the most faults.
  [[nodiscard]] json top_site(const std::string& command) const {
    const json typical = typical_of(command);
    int all = 0;
    for (const json& site : typical["by_site"]) all += site["faults"].get<int>();
    EXPECT_EQ(all, typical["minor"].get<int>() + typical["major"].get<int>()) << command;
    return typical["by_site"][0];
  }
};

TEST_F(SitesTest, AFaultOfMallocsIsItsCallersLine) {
  for (const char* allocator : {"glibc", "ptmalloc"}) {
    const json site = top_site(std::string{allocator} + " -- " CALLER " malloc");
    EXPECT_EQ(site["function"], "allocate") << site;
    EXPECT_EQ(site["line"], marked_line("malloc")) << site;
    EXPECT_EQ(site["payer"], "malloc") << site;
    EXPECT_NE(site["via"], nullptr) << site;
    EXPECT_NEAR(site["faults"], kBlocks * 1040.0 / 4096, 20) << site;
  }
}

TEST_F(SitesTest, ALineIsFoundInACallDepthOf100) {
  const json site = top_site("glibc -- " CALLER " deep");
  EXPECT_EQ(site["function"], "descend") << site;
  EXPECT_EQ(site["line"], marked_line("deep")) << site;
  EXPECT_TRUE(site["source"].get<std::string>().ends_with("tests/tools/compare/caller.c"));
  EXPECT_NEAR(site["faults"], kBlocks, 10) << site;
}

TEST_F(SitesTest, WithoutDebuggingInformationTheSymbolIsLeft) {
  const json site = top_site("glibc -- " CALLER_WITHOUT_LINES " deep");
  EXPECT_EQ(site["function"], "descend") << site;
  EXPECT_EQ(site["line"], nullptr) << site;
  EXPECT_NEAR(site["faults"], kBlocks, 10) << site;
}

TEST_F(SitesTest, WithoutSymbolsThePlaceInTheFileIsLeft) {
  const json site = top_site("glibc -- " CALLER_STRIPPED " deep");
  EXPECT_EQ(site["function"], nullptr) << site;
  EXPECT_EQ(site["object"], CALLER_STRIPPED) << site;
  EXPECT_TRUE(site["site"].get<std::string>().starts_with("[compare_caller_stripped+0x")) << site;
}

TEST_F(SitesTest, CodeOfNoFileIsNamedAsSuch) {
  const json site = top_site("glibc -- " CALLER " jit");
  EXPECT_EQ(site["site"], "[no file]") << site;
  EXPECT_NEAR(site["faults"], kBlocks, 10) << site;
}

TEST_F(SitesTest, TheTableShowsTheTopSitesOfEachAllocator) {
  const std::string line = std::to_string(marked_line("malloc"));
  const Result result =
      run("--runs 1 --no-warm-up --allocators glibc,ptmalloc -- " CALLER " malloc 3000");
  EXPECT_NE(result.out.find("allocate (caller.c:" + line + "), in malloc"), std::string::npos)
      << result.out;
}

}  // namespace
}  // namespace tools::compare
