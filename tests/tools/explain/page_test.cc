// The page to step through, in headless Chromium, used by page_test.js.
#include <algorithm>
#include <filesystem>
#include <map>

#include "tests/tools/web_page.h"

namespace tools::explain {
namespace {

using nlohmann::json;

class ExplainPageTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string path = (std::filesystem::temp_directory_path() / "explain-XXXXXX").string();
    ASSERT_NE(::mkdtemp(path.data()), nullptr);
    folder_ = path;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  /// What `faultline ARGUMENTS` wrote; fails unless it ends with status 0.
  [[nodiscard]] std::string faultline(const std::string& arguments) const {
    const std::string command =
        "cd " + folder_ + " && " FAULTLINE_PROGRAM " " + arguments + " >out 2>err </dev/null";
    const int ended = std::system(command.c_str());  // NOLINT(cert-env33-c): our own words
    EXPECT_EQ(ended, 0) << text_of_file(folder_ + "/err");
    return text_of_file(folder_ + "/out");
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream{folder_ + "/" + name} << text;
  }
  [[nodiscard]] std::string make_page(const std::string& arguments) const {
    EXPECT_EQ(faultline("explain " + arguments + " --html page.html"), "");
    return text_of_file(folder_ + "/page.html");
  }
  /// Uses the page. `search`: what is looked for.
  [[nodiscard]] json use(const std::string& page, const std::string& size = "1200,900",
                         const std::string& hash = "", const std::string& search = "free") const {
    const std::string script =
        "const SEARCH = '" + search + "';\n" + text_of_file(EXPLAIN_PAGE_TEST_SCRIPT);
    return use_page(folder_, page, script, size, hash);
  }

  std::string folder_;
};

constexpr const char* kScript =
    "p = malloc 1024\n"
    "write p[..]\n"
    "q = malloc 3000\n"
    "r = malloc 24\n"
    "free p\n"
    "free q\n"
    "p = malloc 200K\n"
    "fork child\n"
    "child: write r\n"
    "free p\n";

/// Of each page of the strips: what the page shows of it.
void expect_pages(const json& shown, const json& strips) {
  std::map<std::uint64_t, std::string> states;
  for (const json& page : shown) states[page[0]] = page[1];
  for (const json& strip : strips) {
    std::uint64_t page = std::stoull(strip["begin"].get<std::string>(), nullptr, 16) >> 12;
    for (const json& run : strip["runs"]) {
      for (int i = 0; i < run["pages"]; ++i, ++page) {
        const auto found = states.find(page);
        EXPECT_EQ(found == states.end() ? "absent" : found->second, run["state"]) << page;
      }
    }
  }
}

TEST_F(ExplainPageTest, ShowsEachStepForwardAndBackWithTheNumbersOfTheJson) {
  write("script.fl", kScript);
  const json seen = use(make_page("script.fl"), "1200,900", "#step=4");
  if (seen.is_null()) GTEST_SKIP() << "no chromium-headless-shell";
  EXPECT_EQ(seen["errors"], json::array());
  EXPECT_EQ(seen["forward"], seen["back"]) << "the way back shows what the way there showed";
  const json steps = json::parse(faultline("explain script.fl --format json"))["steps"];
  ASSERT_EQ(seen["forward"].size(), steps.size());
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const json& shown = seen["forward"][i];
    const json& step = steps[i];
    EXPECT_EQ(shown["line"], std::to_string(step["line"].get<int>()));
    EXPECT_EQ(shown["minor"], step["minor"]) << i;
    const std::string cost = shown["cost"];
    const int minor = step["minor"];
    EXPECT_TRUE(cost.starts_with(minor == 0 ? "no page fault" : std::to_string(minor) + " minor"))
        << cost;
    ASSERT_EQ(shown["faults"].empty(), step["faults"].empty()) << i;
    if (!shown["faults"].empty()) {
      EXPECT_EQ(shown["faults"][0][0], step["faults"][0]["place"]) << i;
    }
    EXPECT_EQ(shown["why"], step["why"]) << i;
    ASSERT_EQ(shown["stores"].size(), step["stores"].size()) << i;
    for (std::size_t k = 0; k < shown["stores"].size(); ++k) {
      const json& store = step["stores"][k];
      const auto at = std::stoull(store["address"].get<std::string>(), nullptr, 16);
      EXPECT_EQ(shown["stores"][k],
                json::array({at, store["bytes"], store["times"], store["writer"], store["faults"]}))
          << i;
    }
    expect_pages(shown["pages"], step["pages"]);
  }
}

TEST_F(ExplainPageTest, IsUsedByKeysButtonsSearchAndLink) {
  write("script.fl", kScript);
  const json seen = use(make_page("script.fl"), "1200,900", "#step=4", "free q");
  if (seen.is_null()) GTEST_SKIP() << "no chromium-headless-shell";
  EXPECT_EQ(seen["errors"], json::array());
  EXPECT_EQ(seen["linked"], 4) << "the address names the step";
  EXPECT_EQ(seen["end"], 10);
  EXPECT_EQ(seen["home"], 0);
  EXPECT_EQ(seen["firstFault"], 1);
  EXPECT_TRUE(seen["searching"]) << "/ goes to the search";
  EXPECT_EQ(seen["found"], 6);
  EXPECT_EQ(seen["scrubbed"], 2);
  EXPECT_EQ(seen["hash"], "#step=2");
  EXPECT_EQ(seen["unnamed"], 0) << "every control has a name";
  EXPECT_FALSE(seen["wider"]);
}

TEST_F(ExplainPageTest, LeadsFromTheFaultOfMallocToItsByte) {
  const json seen = use(make_page("lesson/first-write"), "1200,900", "", "heap+8");
  if (seen.is_null()) GTEST_SKIP() << "no chromium-headless-shell";
  EXPECT_EQ(seen["errors"], json::array());
  EXPECT_EQ(seen["found"], 2) << "the step that faults on heap+8";
  const json& shown = seen["forward"][1];
  EXPECT_EQ(shown["did"], json::array({"p = malloc 1024"}));
  EXPECT_EQ(shown["faults"][0][0], "heap+8");
  EXPECT_EQ(shown["marked"], json::array({"first_write"})) << "one of the two stores to it";
}

TEST_F(ExplainPageTest, AClickOnAWedgeShowsTheByteItsWordAndTheWalk) {
  write("script.fl", "a = malloc 16\np = malloc 8K\n");
  std::string page = make_page("script.fl");
  json seen = use(page, "1200,900", "#step=2");
  if (seen.is_null()) GTEST_SKIP() << "no chromium-headless-shell";
  EXPECT_EQ(seen["errors"], json::array());
  EXPECT_EQ(seen["wedge"]["selected"], seen["wedge"]["at"]);
  EXPECT_EQ(seen["wedge"]["walk"], 4) << "levels";
}

TEST_F(ExplainPageTest, ShowsTwoScriptsSideBySide) {
  write("a.fl", kScript);
  write("b.fl", "p = malloc 2000\nfree p\n");
  const json seen = use(make_page("a.fl b.fl"));
  if (seen.is_null()) GTEST_SKIP() << "no chromium-headless-shell";
  EXPECT_EQ(seen["errors"], json::array());
  ASSERT_EQ(seen["views"].size(), 2u);
  EXPECT_EQ(seen["views"][0]["title"], "a.fl");
  EXPECT_EQ(seen["views"][1]["title"], "b.fl");
  EXPECT_EQ(seen["views"][1]["position"], 2) << "both stand at one step";
}

TEST_F(ExplainPageTest, ShowsOneScriptOnTwoMachinesOrUnderTwoSettings) {
  write("a.fl", kScript);
  const json machines = use(make_page("a.fl --machine x86-64 --beside machine=arm64-4k"));
  if (machines.is_null()) GTEST_SKIP() << "no chromium-headless-shell";
  EXPECT_EQ(machines["errors"], json::array());
  EXPECT_EQ(machines["views"][0]["machine"], "x86-64");
  EXPECT_EQ(machines["views"][1]["machine"], "arm64-4k");
  const json settings = use(make_page("a.fl --beside glibc.malloc.tcache_count=0"));
  EXPECT_EQ(settings["errors"], json::array());
  EXPECT_EQ(settings["views"][0]["cached"], 1) << "p, once it is free";
  EXPECT_EQ(settings["views"][1]["cached"], 0) << "there is none";
}

TEST_F(ExplainPageTest, StaysSmallAndOpensAtItsLinkInALongRun) {
  ASSERT_EQ(std::system(("python3 " LONG_SCRIPT " 8000 >" + folder_ + "/long.fl").c_str()), 0);
  const std::string page = make_page("long.fl");
  EXPECT_LT(page.size(), 300'000u);
  const json seen = use(page, "1200,900", "#step=7");
  if (seen.is_null()) GTEST_SKIP() << "no chromium-headless-shell";
  EXPECT_EQ(seen["errors"], json::array());
  EXPECT_EQ(seen["linked"], 7);
  EXPECT_EQ(seen["end"], 8000);
}

TEST_F(ExplainPageTest, AnswersWhatASecondFreeWouldDoAndWhichCheckCatchesIt) {
  write("script.fl", "p = malloc 100\nfree p\n");
  const json seen = use(make_page("script.fl"));
  if (seen.is_null()) GTEST_SKIP() << "no chromium-headless-shell";
  EXPECT_EQ(seen["errors"], json::array());
  const std::string answer = seen["tried"];
  const std::string asked = faultline("explain script.fl --try 'free p'");
  for (const char* words : {"SIGABRT", "free(): double free detected in", "heap+0x2a8"}) {
    EXPECT_NE(answer.find(words), std::string::npos) << words << " in " << answer;
    EXPECT_NE(asked.find(words), std::string::npos) << words << " in " << asked;
  }
}

TEST_F(ExplainPageTest, NamesTheCommandWhereAScriptIsTooLongToBeTriedBefore) {
  std::string script = "p = malloc 100\n";
  for (int i = 0; i < 40; ++i) script += "write p\n";
  write("script.fl", script);
  const json seen = use(make_page("script.fl"));
  if (seen.is_null()) GTEST_SKIP() << "no chromium-headless-shell";
  const std::string answer = seen["tried"];
  EXPECT_NE(answer.find("faultline explain script.fl --at 41 --try"), std::string::npos) << answer;
}

TEST_F(ExplainPageTest, ShowsItsTitleBeforeItIsUnpackedAndWithoutJavaScript) {
  write("script.fl", "# title: Blocks & <tags>\np = malloc 100\n");
  const std::string page = make_page("script.fl");
  EXPECT_NE(page.find("<h2>Blocks &amp; &lt;tags></h2>"), std::string::npos);
  EXPECT_NE(page.find("Unpacking"), std::string::npos);
  EXPECT_NE(page.find("<noscript>"), std::string::npos);
}

TEST_F(ExplainPageTest, FitsAPhone) {
  const std::string course = make_page("'lesson/*'");
  for (const char* lesson : {"first-write", "chunk-free", "swap-in", "walk", "errors-arm64"}) {
    const json seen = use(course, "390,800", std::string{"#lesson="} + lesson, "write");
    if (seen.is_null()) GTEST_SKIP() << "no chromium-headless-shell";
    EXPECT_EQ(seen["errors"], json::array()) << lesson;
    EXPECT_FALSE(seen["wider"]) << "nothing beside the screen in " << lesson;
  }
}

TEST_F(ExplainPageTest, HasTheWholeCourseAsOneSmallPageThatLoadsNothing) {
  const std::string course = make_page("'lesson/*'");
  EXPECT_LT(course.size(), 1'000'000u);
  for (const char* loads : {"<link", "src=", "@import", "fetch(", "XMLHttpRequest"}) {
    EXPECT_EQ(course.find(loads), std::string::npos) << loads;
  }
  const std::string list = faultline("explain --list");
  const json seen = use(course, "1200,900", "#lesson=zero-page&step=1", "read");
  if (seen.is_null()) GTEST_SKIP() << "no chromium-headless-shell";
  EXPECT_EQ(seen["errors"], json::array());
  EXPECT_EQ(seen["contents"], std::count(list.begin(), list.end(), '\n'));
  EXPECT_EQ(seen["linked"], 1);
  EXPECT_EQ(seen["views"][0]["title"], "lesson/zero-page");
}

}  // namespace
}  // namespace tools::explain
