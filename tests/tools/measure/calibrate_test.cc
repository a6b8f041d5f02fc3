// Calibrating this machine, and keeping what came of it.
#include "tools/measure/calibrate.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tools/measure/costs_file.h"

namespace tools::measure {
namespace {

using pagesim::Costs;
using pagesim::FaultKind;

class CalibrateTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string path = (std::filesystem::temp_directory_path() / "faultline-XXXXXX").string();
    ASSERT_NE(::mkdtemp(path.data()), nullptr);
    folder_ = path;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::string path() const { return folder_ + "/deep/costs.json"; }
  [[nodiscard]] std::string text() const {
    std::ifstream in{path()};
    return {std::istreambuf_iterator<char>{in}, {}};
  }

  std::string folder_;
};

double of(const Costs& costs, FaultKind kind) {
  EXPECT_TRUE(costs.of(kind)) << to_string(kind);
  return costs.of(kind) ? costs.of(kind)->ns : 0;
}

Costs some_costs() {
  Costs costs;
  costs.of(FaultKind::ZeroUpgrade) = {1234.5, 6.5};
  costs.exception = {300, 1};
  costs.recycled[2] = {1024, {777, 7}};
  return costs;
}

/// Zeroing takes time, copying too, and a frame that was just given back is still in the caches.
bool more_takes_longer(const Costs& costs) {
  return of(costs, FaultKind::FirstTouch) > of(costs, FaultKind::ZeroRead) &&
         of(costs, FaultKind::CowCopy) > of(costs, FaultKind::CowReuse) &&
         of(costs, FaultKind::FirstTouch) > costs.recycled.front().touch.ns;
}

/// Where others keep the machine busy, more rounds settle what nine left open.
TEST_F(CalibrateTest, FaultThatDoesMoreTakesLonger) {
  Calibration calibration{folder_};
  for (int i = 0; i < 60 && !(i >= 9 && more_takes_longer(calibration.costs())); ++i)
    calibration.round();
  const Costs costs = calibration.costs();
  EXPECT_GT(of(costs, FaultKind::ZeroRead), 0);
  EXPECT_GT(of(costs, FaultKind::FirstTouch), of(costs, FaultKind::ZeroRead));
  EXPECT_GT(of(costs, FaultKind::CowCopy), of(costs, FaultKind::CowReuse));
  EXPECT_GT(of(costs, FaultKind::FirstTouch), costs.recycled.front().touch.ns);
  ASSERT_TRUE(costs.exception && costs.lookup);
  EXPECT_GT(costs.exception->ns, 0);
  EXPECT_LT(costs.exception->ns, of(costs, FaultKind::ZeroRead));
}

TEST_F(CalibrateTest, TrialOfFaultsThatDoNotHappenHasNoTime) {
  Calibration calibration{folder_ + "/no/such/folder"};
  calibration.round();
  EXPECT_FALSE(calibration.costs().of(FaultKind::FaultAround));
  EXPECT_FALSE(calibration.costs().of(FaultKind::Major));
  EXPECT_TRUE(calibration.costs().of(FaultKind::FirstTouch));
}

TEST_F(CalibrateTest, SavedCalibrationComesBack) {
  save_costs(some_costs(), path());
  const SavedCosts loaded = load_costs(path());
  ASSERT_TRUE(loaded.costs) << loaded.missing;
  EXPECT_EQ(loaded.costs->of(FaultKind::ZeroUpgrade)->ns, 1234.5);
  EXPECT_EQ(loaded.costs->of(FaultKind::ZeroUpgrade)->spread, 6.5);
  EXPECT_FALSE(loaded.costs->of(FaultKind::FirstTouch)) << "unknown stays unknown";
  EXPECT_FALSE(loaded.costs->lookup);
  EXPECT_EQ(loaded.costs->exception->ns, 300);
  EXPECT_EQ(loaded.costs->recycled[2].held, 1024);
  EXPECT_EQ(loaded.costs->recycled[2].touch.ns, 777);
}

TEST_F(CalibrateTest, WithoutACalibrationThatIsSaid) {
  const SavedCosts loaded = load_costs(path());
  EXPECT_FALSE(loaded.costs);
  EXPECT_EQ(loaded.missing, "not calibrated: run \"faultline doctor --calibrate\"");
}

TEST_F(CalibrateTest, AnotherMachinesCalibrationIsNotUsed) {
  for (const std::string key : {"\"kernel\": \"", "\"processor\": \""}) {
    save_costs(some_costs(), path());
    std::string other = text();
    other.insert(other.find(key) + key.size(), "X");
    std::ofstream{path()} << other;
    const SavedCosts loaded = load_costs(path());
    EXPECT_FALSE(loaded.costs) << key;
    EXPECT_NE(loaded.missing.find("another machine"), std::string::npos) << loaded.missing;
  }
}

TEST_F(CalibrateTest, BrokenFileIsNamed) {
  save_costs(some_costs(), path());
  std::string negative = text();
  negative.replace(negative.find("1234.5"), 6, "-1.5");
  for (const std::string& broken : {std::string{"{]"}, std::string{"{}"}, negative}) {
    std::ofstream{path()} << broken;
    const SavedCosts loaded = load_costs(path());
    EXPECT_FALSE(loaded.costs) << broken;
    EXPECT_NE(loaded.missing.find(path() + " is no calibration"), std::string::npos)
        << loaded.missing;
  }
}

TEST_F(CalibrateTest, FolderThatCannotBeIsRefusedInOneSentence) {
  try {
    save_costs(some_costs(), "/proc/nowhere/costs.json");
    FAIL();
  } catch (const std::runtime_error& refused) {
    EXPECT_NE(std::string{refused.what()}.find("XDG_CONFIG_HOME"), std::string::npos);
  }
}

}  // namespace
}  // namespace tools::measure
