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
#include <optional>
#include <string>
#include <vector>

#include "pagesim/machines.h"
#include "tests/machine/caretaker.h"
#include "tests/machine/loop_disk.h"
#include "tests/machine/swap_area.h"
#include "tests/truth/scenario.h"
#include "tests/truth/scenario_check.h"
#include "tools/measure/doctor.h"
#include "tools/measure/rights.h"
#include "tools/run/kernel_runner.h"
#include "tools/run/kernel_settings.h"
#include "tools/run/temp_files.h"
#include "tools/script/parser.h"

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

/// What the scenarios of a level need besides this machine as it is.
class Equipment {
 public:
  /// A disk of its own where the machine's reads ahead otherwise than the vectors' did.
  explicit Equipment(const std::vector<Scenario>& scenarios) {
    const bool files = std::any_of(scenarios.begin(), scenarios.end(),
                                   [](const Scenario& s) { return mentions(s, "file "); });
    if (files && read_ahead() != kReadAhead) disk_.emplace(std::stoul(kReadAhead));
  }
  /// Swap space as the scenario's machine had. Why there is none, or nothing.
  std::string provide_swap(const std::string& environment) {
    if (environment == swap_environment_) return swap_ ? swap_->missing() : std::string{};
    swap_.reset();
    swap_environment_ = environment;
    if (environment == "swap_zram") swap_.emplace(machine::SwapKind::Zram, directory_);
    if (environment == "swap_disk") swap_.emplace(machine::SwapKind::File, directory_);
    return swap_ ? swap_->missing() : std::string{};
  }
  /// Why files are not read ahead as on the vectors' machine; empty: they are.
  [[nodiscard]] std::string other_read_ahead() const {
    if (read_ahead() == kReadAhead) return {};
    return fmt::format("the vectors are of read_ahead_kb {}, here it is {}{}", kReadAhead,
                       read_ahead(), disk_ ? "; " + disk_->missing() : "");
  }

 private:
  static constexpr const char* kReadAhead = "128";

  machine::MachineLock lock_;
  const std::string directory_ = tools::run::disk_directory();  // before there is another
  std::optional<machine::LoopDisk> disk_;
  std::optional<machine::SwapArea> swap_;
  std::string swap_environment_ = "base";
};

/// Why this machine cannot show what the vectors' machine showed; empty: it can.
std::string difference_of_machines() {
  if (!kernel_release().starts_with("6.18.")) {
    return "the vectors are of Linux 6.18, this is " + kernel_release();
  }
  return {};
}

/// The first of the rights that only some users have, of those that show faults one by one.
std::string missing_right() {
  for (const char* right : {"perf_kernel", "tracepoints", "frames", "kpageflags"}) {
    if (found(right) != "yes") return right;
  }
  return {};
}

std::string difference_of_machines(const Scenario& scenario, Equipment& equipment) {
  if (std::string reason = difference_of_machines(); !reason.empty()) return reason;
  if (std::string reason = equipment.provide_swap(scenario.environment); !reason.empty()) {
    return reason;
  }
  if (scenario.environment == "base" && mentions(scenario, "PAGEOUT") &&
      tools::measure::has_swap()) {
    return "swap space is in use";
  }
  if (mentions(scenario, " private x") && pagesim::running_protection_keys()) {
    return "this processor has protection keys, the vectors' had none";
  }
  if (scenario.environment == "thp" && found("thp") != "madvise") {
    return "transparent huge pages are not in the vectors' mode, madvise";
  }
  if (scenario.major > 0 && mentions(scenario, "file ") && !mentions(scenario, "RANDOM")) {
    return equipment.other_read_ahead();
  }
  return {};
}

/// The settings a scenario changes, given back even if this test is killed.
void remember_settings(const Scenario& scenario, machine::Caretaker& caretaker) {
  std::string text;
  for (const std::string& line : scenario.script) text += line + '\n';
  const auto program = tools::script::parse(text, scenario.id);
  const tools::run::KernelSettings settings{program};
  for (const auto& [path, value] : settings.remembered()) caretaker.write_later(path, value);
}

/// One scenario as a test of its own. Reuse or copy of a page depends now and then on what another
/// processor still holds, so the majority of three runs decides.
class KernelScenarioTest : public testing::Test {
 public:
  KernelScenarioTest(Scenario scenario, Equipment& equipment)
      : scenario_{std::move(scenario)}, equipment_{equipment} {}

  void TestBody() override {
    if (const std::string reason = difference_of_machines(scenario_, equipment_); !reason.empty()) {
      GTEST_SKIP() << scenario_.id << ": " << reason;
    }
    const Detail detail = missing_right().empty() ? Detail::Everything : Detail::Counts;
    machine::Caretaker caretaker;
    if (mentions(scenario_, "sysctl ")) remember_settings(scenario_, caretaker);
    for (int agreeing = 0, runs = 0; agreeing < 2 && runs < 3; ++runs) {
      tools::run::KernelOptions options;
      options.allow_sysctl = tools::measure::has_sys_admin();
      tools::run::KernelRunner runner{options};
      const Verdict verdict = check(scenario_, runner, detail);
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
  Equipment& equipment_;
  std::vector<std::vector<std::string>> differing_;
};

std::string identifier(std::string text) {
  std::replace(text.begin(), text.end(), '-', '_');
  return text;
}

int run(const std::string& level) {
  std::vector<Scenario> scenarios = load_all();
  std::erase_if(scenarios, [&](const Scenario& scenario) { return scenario.level != level; });
  Equipment equipment{scenarios};
  if (const std::string right = missing_right(); !right.empty()) {
    fmt::print("counts alone are compared: not allowed here: {} (needs root)\n", right);
  }
  const std::string suite = "mm_kernel_" + identifier(level);
  for (const Scenario& scenario : scenarios) {
    testing::RegisterTest(suite.c_str(), identifier(scenario.id).c_str(), nullptr, nullptr,
                          __FILE__, __LINE__, [scenario, &equipment]() -> testing::Test* {
                            return new KernelScenarioTest{scenario, equipment};
                          });
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
