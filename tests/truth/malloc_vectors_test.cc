// Every golden vector, replayed by Malloc on the simulated machine: one test a file.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <sstream>
#include <string>
#include <utility>

#include "tests/truth/malloc_replay.h"
#include "tests/truth/malloc_trace.h"
#include "tests/truth/vectors.h"

namespace truth {
namespace {

constexpr const char* kVersion = "2.36";
/// How many vectors of this version were measured.
constexpr std::size_t kMeasured = 307;

/// "rndf" of rndf_012.jsonl: the files that one ctest entry runs.
std::string group_of(const std::filesystem::path& file) {
  const std::string stem = file.stem().string();
  return stem.substr(0, stem.find('_'));
}

class VectorTest : public testing::Test {
 public:
  explicit VectorTest(std::filesystem::path file) : file_{std::move(file)} {}
  void TestBody() override {
    try {
      replay(read_trace(file_));
    } catch (const std::exception& error) {
      FAIL() << file_.string() << ": " << error.what();
    }
  }

 private:
  std::filesystem::path file_;
};

/// The groups that ctest runs.
std::set<std::string> registered_groups() {
  std::istringstream words{VECTOR_GROUPS};
  return {std::istream_iterator<std::string>{words}, {}};
}

TEST(Accounted, EveryVectorBelongsToAGroupThatIsRun) {
  const auto files = vector_files(vectors_of(kVersion));
  EXPECT_GE(files.size(), kMeasured) << "vectors are missing from " << vectors_of(kVersion);
  std::set<std::string> found;
  for (const auto& file : files) {
    found.insert(group_of(file));
    EXPECT_EQ(read_trace(file).name, file.stem().string()) << file << " names another vector";
  }
  EXPECT_EQ(found, registered_groups()) << "tests/truth/CMakeLists.txt lists the groups";
}

TEST(Accounted, EveryVectorIsATestOfThisProgram) {
  const auto files = vector_files(vectors_of(kVersion));
  const auto* const all = testing::UnitTest::GetInstance();
  std::set<std::string> tests;
  for (int i = 0; i < all->total_test_suite_count(); ++i) {
    const auto* const suite = all->GetTestSuite(i);
    for (int j = 0; j < suite->total_test_count(); ++j) {
      tests.insert(std::string(suite->name()) + '.' + suite->GetTestInfo(j)->name());
    }
  }
  for (const auto& file : files) {
    EXPECT_TRUE(tests.contains(group_of(file) + '.' + file.stem().string())) << file;
  }
}

}  // namespace
}  // namespace truth

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  for (const auto& file : truth::vector_files(truth::vectors_of(truth::kVersion))) {
    testing::RegisterTest(truth::group_of(file).c_str(), file.stem().c_str(), nullptr, nullptr,
                          __FILE__, __LINE__,
                          [file]() -> testing::Test* { return new truth::VectorTest{file}; });
  }
  return RUN_ALL_TESTS();
}
