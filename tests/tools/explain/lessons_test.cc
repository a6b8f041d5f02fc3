// Every built-in lesson: what it says holds, simulated and on this kernel, and could fail.
#include <gtest/gtest.h>
#include <sys/utsname.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>

#include "tests/machine/caretaker.h"
#include "tests/machine/swap_area.h"
#include "tools/explain/explain.h"
#include "tools/explain/lesson.h"
#include "tools/report/table.h"
#include "tools/run/kernel_runner.h"
#include "tools/run/sim_runner.h"
#include "tools/run/temp_files.h"
#include "tools/verbs/this_kernel.h"
#include "tools/verbs/verification.h"
#include "tools/verbs/workload_options.h"

namespace tools::explain {
namespace {

verbs::Workload load(const std::string& name) {
  return verbs::WorkloadOptions{}.load(name, verbs::MachineOptions{});
}

run::RunOutcome simulate(const verbs::Workload& work) {
  run::RunOptions options = work.options;
  options.with_rss = true;
  return run::SimRunner{work.machine.setup()}.run(work.program, options);
}

class LessonTest : public testing::TestWithParam<std::string> {};

TEST_P(LessonTest, CostsWhatItExpects) {
  const verbs::Workload work = load(GetParam());
  ASSERT_FALSE(work.program.expectations.empty()) << "it claims nothing";
  for (const auto& broken : run::check_expectations(work.program, simulate(work))) {
    ADD_FAILURE() << GetParam() << ":" << broken.expectation->line << ": expected "
                  << broken.expectation->text << ", got " << broken.got;
  }
}

/// Swap space of the kind a lesson is about, where this user may make it.
class Swap {
 public:
  explicit Swap(pagesim::kernel::SwapDevice device) {
    using pagesim::kernel::SwapDevice;
    if (device == SwapDevice::None) return;
    const auto kind =
        device == SwapDevice::Zram ? machine::SwapKind::Zram : machine::SwapKind::File;
    lock_.emplace();
    area_.emplace(kind, run::disk_directory());
  }

 private:
  std::optional<machine::MachineLock> lock_;
  std::optional<machine::SwapArea> area_;
};

/// Whether a page is reused or copied depends now and then on what another processor still holds,
/// so the majority of three runs decides.
TEST_P(LessonTest, AgreesWithThisKernel) {
  utsname system{};
  uname(&system);
  if (!std::string_view{system.release}.starts_with("6.18.")) {
    GTEST_SKIP() << "the rules simulated are those of Linux 6.18, this is " << system.release;
  }
  const Swap swap{load(GetParam()).machine.setup().profile.swap};
  std::string verdict;
  for (int agreeing = 0, runs = 0; agreeing < 2 && runs < 3; ++runs) {
    verbs::Workload work = load(GetParam());
    const run::SimSetup setup = work.machine.setup();
    run::KernelRunner kernel;
    const auto v = verbs::verify(std::move(work.program), setup, kernel, work.options,
                                 verbs::why_not_here(setup));
    if (!v.kernel) GTEST_SKIP() << v.refused;
    agreeing += v.equal() ? 1 : 0;
    if (agreeing + 1 < runs) verdict = v.verdict();
  }
  EXPECT_EQ(verdict, "");
}

/// The same expectation, of something else. One of them for each thing it claims.
std::vector<script::Expectation> contradictions(const script::Expectation& claim) {
  std::vector<script::Expectation> all;
  const auto with = [&](auto change) {
    all.push_back(claim);
    change(all.back());
  };
  if (claim.minor) with([](auto& e) { ++*e.minor; });
  if (claim.major) with([](auto& e) { ++*e.major; });
  for (const auto rss : {&script::Expectation::rss_anon, &script::Expectation::rss_file,
                         &script::Expectation::rss_shmem, &script::Expectation::rss_swap,
                         &script::Expectation::page_tables}) {
    if (claim.*rss) with([rss](auto& e) { *(e.*rss) += 4096; });
  }
  if (claim.signal) with([](auto& e) { e.signal = *e.signal == "SIGBUS" ? "none" : "SIGBUS"; });
  if (claim.signal_code) with([](auto& e) { e.signal_code = "none of these"; });
  if (claim.returned) with([](auto& e) { ++*e.returned; });
  if (claim.error) with([](auto& e) { e.error = "none of these"; });
  if (claim.at) with([](auto& e) { e.at->offset += 16; });
  if (claim.fault) {
    with([](auto& e) { e.fault->place.offset += 1; });
    with([](auto& e) {
      const bool read = e.fault->access == pagesim::Access::Read;
      e.fault->access = read ? pagesim::Access::Write : pagesim::Access::Read;
    });
    with([](auto& e) {
      const bool minor = e.fault->outcome == pagesim::Outcome::Minor;
      e.fault->outcome = minor ? pagesim::Outcome::Major : pagesim::Outcome::Minor;
    });
    with([](auto& e) {
      const bool hint = e.fault->cause == pagesim::Cause::NumaHint;
      e.fault->cause = hint ? pagesim::Cause::Spurious : pagesim::Cause::NumaHint;
    });
    if (claim.fault->error_code) with([](auto& e) { *e.fault->error_code ^= 1; });
  }
  for (std::size_t i = 0; i < claim.page_states.size(); ++i) {
    with([i](auto& e) { e.page_states[i] = e.page_states[i] == "guard" ? "absent" : "guard"; });
  }
  return all;
}

TEST_P(LessonTest, EachExpectationCanFail) {
  verbs::Workload work = load(GetParam());
  const run::RunOutcome outcome = simulate(work);
  for (script::Expectation& expected : work.program.expectations) {
    const script::Expectation claim = expected;
    const auto all = contradictions(claim);
    EXPECT_FALSE(all.empty()) << "line " << claim.line << " claims nothing";
    for (const script::Expectation& contradiction : all) {
      expected = contradiction;
      EXPECT_EQ(run::check_expectations(work.program, outcome).size(), 1u)
          << GetParam() << ":" << claim.line << ": " << claim.text;
    }
    expected = claim;
  }
}

TEST_P(LessonTest, HasTitleAndText) {
  const verbs::Workload work = load(GetParam());
  EXPECT_FALSE(work.header.title.empty());
  EXPECT_FALSE(work.header.paragraphs.empty());
  EXPECT_FALSE(work.header.looks.empty());
}

TEST_P(LessonTest, ExplanationFitsEightyColumns) {
  const verbs::Workload work = load(GetParam());
  const run::SimSetup setup = work.machine.setup();
  const Explanation explained = explain(work.program, setup, work.options);
  std::istringstream text{
      to_text(work.program, work.header, explained, "Simulated " + setup.machine)};
  for (std::string line; std::getline(text, line);) {
    EXPECT_LE(report::display_width(line), kWidth) << line;
  }
}

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const Lesson& lesson : lessons()) all.push_back(lesson.name);
  return all;
}

std::string test_name(const testing::TestParamInfo<std::string>& tested) {
  std::string name = tested.param.substr(tested.param.find('/') + 1);
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Lessons, LessonTest, testing::ValuesIn(names()), test_name);

TEST(LessonListTest, EveryFileOfTheFolderIsEmbedded) {
  std::set<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator{LESSONS}) {
    files.insert("lesson/" + entry.path().stem().string());
  }
  const auto all = names();
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()), files);
  EXPECT_EQ(all.size(), files.size());
}

TEST(LessonListTest, PatternsMatchAsInAShell) {
  EXPECT_EQ(matching_lessons("lesson/*").size(), lessons().size());
  EXPECT_EQ(matching_lessons("lesson/first-write"), std::vector<std::string>{"lesson/first-write"});
  EXPECT_TRUE(matching_lessons("lesson/none*").empty());
}

}  // namespace
}  // namespace tools::explain
