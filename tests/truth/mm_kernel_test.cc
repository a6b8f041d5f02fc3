// The scenarios of the fault vectors, run for real on this kernel: the kernel runner sees what the
// vectors' own measurement saw.
//
//     mm_kernel_test --level fork     one test a scenario of that level
//
// Exit status 77, which ctest shows as a skip: nothing differs, and nothing was run.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/truth/scenario.h"
#include "tests/truth/scenario_check.h"
#include "tools/measure/doctor.h"
#include "tools/measure/rights.h"
#include "tools/run/kernel_runner.h"
#include "tools/run/temp_files.h"

namespace truth {
namespace {

constexpr int kSkipped = 77;

/// The value of one of the doctor's findings.
std::string found(const std::string& key) {
  static const std::vector<tools::measure::Finding> kFindings = tools::measure::examine();
  for (const auto& finding : kFindings) {
    if (finding.key == key) return finding.value;
  }
  return {};
}

std::string kernel_release() {
  utsname system{};
  uname(&system);
  return system.release;
}

/// The read-ahead of the device the scenarios' files lie on, in KiB; empty: not known.
std::string read_ahead() {
  struct stat status {};
  if (stat(tools::run::disk_directory().c_str(), &status) != 0) return {};
  const auto path = fmt::format("/sys/dev/block/{}:{}/bdi/read_ahead_kb", major(status.st_dev),
                                minor(status.st_dev));
  return tools::measure::read_file(path).value_or("");
}

bool mentions(const Scenario& scenario, const std::string& word) {
  return std::any_of(scenario.script.begin(), scenario.script.end(),
                     [&](const std::string& line) { return line.find(word) != std::string::npos; });
}

/// Why this machine cannot show what the vectors' machine showed; empty: it can.
std::string difference_of_machines() {
  if (!kernel_release().starts_with("6.18.")) {
    return "the vectors are of Linux 6.18, this is " + kernel_release();
  }
  for (const char* right : {"perf_kernel", "tracepoints", "frames", "kpageflags"}) {
    if (found(right) != "yes") return fmt::format("not allowed here: {} (needs root)", right);
  }
  return {};
}

std::string difference_of_machines(const Scenario& scenario) {
  if (std::string reason = difference_of_machines(); !reason.empty()) return reason;
  if (scenario.environment == "base" && found("swap") != "none") return "swap space is in use";
  if (scenario.environment.starts_with("swap")) return "needs a swap area of its own";
  if (scenario.environment == "thp" && found("thp") != "madvise") {
    return "transparent huge pages are not in the vectors' mode, madvise";
  }
  if (scenario.major > 0 && !mentions(scenario, "RANDOM") && read_ahead() != "128") {
    return fmt::format("the vectors are of read_ahead_kb 128, here it is {}", read_ahead());
  }
  return {};
}

/// One scenario as a test of its own. Reuse or copy of a page depends now and then on what another
/// processor still holds, so the majority of three runs decides.
class KernelScenarioTest : public testing::Test {
 public:
  explicit KernelScenarioTest(Scenario scenario) : scenario_{std::move(scenario)} {}

  void TestBody() override {
    if (const std::string reason = difference_of_machines(scenario_); !reason.empty()) {
      GTEST_SKIP() << scenario_.id << ": " << reason;
    }
    for (int agreeing = 0, runs = 0; agreeing < 2 && runs < 3; ++runs) {
      tools::run::KernelRunner runner;
      const Verdict verdict = check(scenario_, runner);
      if (!verdict.skipped.empty()) GTEST_SKIP() << scenario_.id << ": " << verdict.skipped;
      agreeing += verdict.differences.empty() ? 1 : 0;
      if (!verdict.differences.empty()) differing_.push_back(verdict.differences);
    }
    if (differing_.size() < 2) return;
    for (const std::string& difference : differing_.back()) {
      ADD_FAILURE() << scenario_.id << " (" << scenario_.title << ")\n" << difference;
    }
  }

 private:
  Scenario scenario_;
  std::vector<std::vector<std::string>> differing_;
};

std::string identifier(std::string text) {
  std::replace(text.begin(), text.end(), '-', '_');
  return text;
}

int run(const std::string& level) {
  for (const Scenario& scenario : load(directory() + "/mm.jsonl")) {
    if (scenario.level != level) continue;
    const std::string suite = "mm_kernel_" + identifier(level);
    testing::RegisterTest(
        suite.c_str(), identifier(scenario.id).c_str(), nullptr, nullptr, __FILE__, __LINE__,
        [scenario]() -> testing::Test* { return new KernelScenarioTest{scenario}; });
  }
  if (RUN_ALL_TESTS() != 0) return 1;
  return testing::UnitTest::GetInstance()->successful_test_count() == 0 ? kSkipped : 0;
}

}  // namespace
}  // namespace truth

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() != 2 || arguments[0] != "--level") {
    fmt::print(stderr, "usage: mm_kernel_test --level LEVEL\n");
    return 2;
  }
  try {
    return truth::run(arguments[1]);
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
