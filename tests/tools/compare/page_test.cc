// The HTML page in headless Chromium, used by page_test.js.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/tools/compare/compare_fixture.h"

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
    std::string page = page_;
    const std::string head = "<head>", end = "</body>";
    page.insert(page.find(head) + head.size(),
                "<script>const pageErrors = []; addEventListener('error', "
                "event => pageErrors.push(event.message));</script>");
    page.insert(page.rfind(end), "<script>" + text_of(PAGE_TEST_SCRIPT) + "</script>");
    std::ofstream{folder_ + "/tested.html"} << page;
    const std::string command =
        "cd " + folder_ + " && HOME=" + folder_ +
        " timeout 60 chromium-headless-shell --no-sandbox --disable-gpu --window-size=" + size +
        " --virtual-time-budget=3000 --dump-dom file://" + folder_ + "/tested.html >dom 2>log";
    const int ended = std::system(command.c_str());  // NOLINT(cert-env33-c): our own words
    if (WEXITSTATUS(ended) == 127) return nullptr;
    const std::string dom = text_of(folder_ + "/dom"), mark = "SEEN";
    const std::size_t from = dom.find(">" + mark + "{");
    EXPECT_NE(from, std::string::npos) << text_of(folder_ + "/log") << dom.substr(0, 500);
    if (from == std::string::npos) return json::object();
    const std::size_t begin = from + 1 + mark.size();
    return json::parse(unescaped(dom.substr(begin, dom.find(mark, begin) - begin)));
  }

  json compared_;
  std::string page_;

 private:
  static std::string unescaped(std::string text) {
    const std::pair<std::string, std::string> words[] = {
        {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&nbsp;", " "}, {"&amp;", "&"}};
    for (const auto& [from, to] : words) {
      for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; ++at) {
        text.replace(at, from.size(), to);
      }
    }
    return text;
  }
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
