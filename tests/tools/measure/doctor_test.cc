// What the doctor finds.
#include "tools/measure/doctor.h"

#include <gtest/gtest.h>
#include <sys/utsname.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tools/measure/allocator_library.h"

namespace tools::measure {
namespace {

const Finding* find(const std::vector<Finding>& findings, const std::string& key) {
  const auto found = std::find_if(findings.begin(), findings.end(),
                                  [&](const Finding& finding) { return finding.key == key; });
  return found == findings.end() ? nullptr : &*found;
}

TEST(DoctorTest, TellsTheRunningKernel) {
  utsname system{};
  uname(&system);
  const auto findings = examine();
  ASSERT_NE(find(findings, "kernel"), nullptr);
  EXPECT_NE(find(findings, "kernel")->value.find(system.release), std::string::npos);
}

TEST(DoctorTest, EveryMissingRightNamesItsRemedy) {
  for (const Finding& finding : examine())
    EXPECT_EQ(finding.verdict == Finding::Verdict::Limited, !finding.remedy.empty()) << finding.key;
}

TEST(DoctorTest, AnUnknownValueIsNullInJsonAndNeverLeftOut) {
  const std::vector<Finding> findings{{"a", "A", "", Finding::Verdict::Plain, ""},
                                      {"b", "B", "1", Finding::Verdict::Limited, "do it"}};
  std::istringstream lines{render_json(findings)};
  std::string line;
  std::getline(lines, line);
  const auto first = nlohmann::json::parse(line);
  EXPECT_TRUE(first.at("value").is_null());
  EXPECT_TRUE(first.at("remedy").is_null());
  std::getline(lines, line);
  EXPECT_EQ(nlohmann::json::parse(line).at("verdict"), "limited");
}

TEST(DoctorTest, TextSaysWhatIsNotKnown) {
  EXPECT_EQ(render_text({{"a", "fault-around window", "", Finding::Verdict::Plain, ""}}),
            "fault-around window  not known\n");
}

TEST(AllocatorLibraryTest, ExportsAreReadFromTheLibrary) {
  const auto calls = exported_calls("/lib/x86_64-linux-gnu/libc.so.6");
  ASSERT_TRUE(calls.has_value());
  EXPECT_EQ(*calls & 1u, 1u);        // malloc
  EXPECT_EQ(*calls >> 10 & 1u, 1u);  // mallopt
  EXPECT_EQ(exported_calls("/lib/x86_64-linux-gnu/libm.so.6").value_or(1), 0u);
  EXPECT_FALSE(exported_calls("/etc/passwd").has_value());
}

}  // namespace
}  // namespace tools::measure
