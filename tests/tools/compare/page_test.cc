// The HTML page in headless Chromium, used by page_test.js.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/tools/compare/compare_fixture.h"
#include "tests/tools/web_page.h"

namespace tools::compare {
namespace {

class PageTest : public PayerTest {
 protected:
  void make_page(const std::string& program) {
    const Result result =
        run("--runs 2 --no-warm-up --allocators glibc,ptmalloc --format json "
            "--html page.html -- " +
            program);
    ASSERT_EQ(result.status, 0) << result.err;
    compared_ = json::parse(result.out);
    page_ = text_of(folder_ + "/page.html");
  }

  /// What the script saw; null: there is no Chromium here.
  [[nodiscard]] json open_page(const std::string& size) const {
    return use_page(folder_, page_, text_of(PAGE_TEST_SCRIPT), size);
  }

  json compared_;
  std::string page_;
};

std::string grouped(double value) {
  std::string text = std::to_string(std::llround(value));
  for (auto at = static_cast<int>(text.size()) - 3; at > 0; at -= 3) {
    text.insert(static_cast<std::size_t>(at), ",");
  }
  return text;
}

TEST_F(PageTest, ShowsTheNumbersOfTheJsonAndCanBeUsed) {
  make_page(CALLER " malloc 9000");
  const json seen = open_page("1200,900");
  if (seen.is_null()) GTEST_SKIP() << "no chromium-headless-shell";
  EXPECT_EQ(seen["errors"], json::array());
  for (const json& allocator : compared_["allocators"]) {
    const double faults =
        allocator["minor"]["median"].get<double>() + allocator["major"]["median"].get<double>();
    EXPECT_EQ(seen["faults"][allocator["name"].get<std::string>()], grouped(faults));
    const double typical = allocator["typical_run"]["minor"].get<double>() +
                           allocator["typical_run"]["major"].get<double>();
    ASSERT_GE(seen["bars"].size(), 2u);
    for (const json& bars : seen["bars"]) {
      EXPECT_NE(std::find(bars.begin(), bars.end(), typical), bars.end()) << bars;
    }
    for (const json& site : allocator["typical_run"]["by_site"]) {
      if (site["faults"] < 100) continue;  // of the largest
      const std::size_t column = allocator["name"] == "glibc" ? 1 : 2;
      EXPECT_TRUE(std::any_of(seen["sites"].begin(), seen["sites"].end(), [&](const json& row) {
        return row[0] == site["site"] && row[column] == grouped(site["faults"].get<double>());
      })) << site;
    }
  }
  EXPECT_EQ(json(std::vector<json>{seen["ascending"].rbegin(), seen["ascending"].rend()}),
            seen["descending"]);
  EXPECT_TRUE(seen["difference"].get<std::string>().starts_with("ptmalloc takes"));
  EXPECT_TRUE(seen["swapped"].get<std::string>().starts_with("glibc takes"));
  EXPECT_TRUE(seen["flame"]["zoomed"].get<std::string>().starts_with("allocate (caller.c:"));
  EXPECT_GT(seen["flame"]["width"], 1000) << "what was clicked takes the whole width";
  EXPECT_EQ(seen["flame"]["back"], seen["flame"]["all"]);
  EXPECT_LT(seen["zoom"][1], seen["zoom"][0]);
  EXPECT_FALSE(seen["wider"]);
}

TEST_F(PageTest, FitsAPhone) {
  make_page(CALLER " malloc 3000");
  const json seen = open_page("390,800");
  if (seen.is_null()) GTEST_SKIP() << "no chromium-headless-shell";
  EXPECT_EQ(seen["errors"], json::array());
  EXPECT_FALSE(seen["wider"]) << "nothing beside the screen";
}

TEST_F(PageTest, LoadsNothingAndStaysSmallWithManyFaults) {
  make_page(TOUCH " 150000");
  EXPECT_LT(page_.size(), 1'000'000u);
  EXPECT_GE(compared_["allocators"][0]["minor"]["median"], 150'000);
  for (const char* loads : {"<link", "src=", "@import", "fetch(", "XMLHttpRequest"}) {
    EXPECT_EQ(page_.find(loads), std::string::npos) << loads;
  }
}

}  // namespace
}  // namespace tools::compare
