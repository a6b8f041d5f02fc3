// Which runs stand for all.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>

#include "tools/compare/comparison.h"

namespace tools::compare {
namespace {

using OneRun = Run;  // tests have a Run of their own

OneRun random_run(std::mt19937& random) {
  OneRun run;
  run.good = random() % 5 != 0;
  run.end.minor = random() % 8;  // few, so that runs are equal now and then
  run.list = std::make_shared<FaultList>();
  return run;
}

TEST(EntryTest, KeepsTheListOfTheTypicalRunAndOfNoOther) {
  std::mt19937 random{1};
  for (int trial = 0; trial < 2000; ++trial) {
    const auto runs = static_cast<unsigned>(1 + random() % 12);
    Entry entry;
    for (unsigned i = 1; i <= runs; ++i) {
      entry.runs.push_back(random_run(random));
      entry.drop_lists(runs - i);
    }
    const OneRun* const typical = entry.typical();
    for (const OneRun& run : entry.runs) EXPECT_EQ(run.list != nullptr, &run == typical);
  }
}

TEST(EntryTest, HoldsNoMoreListsThanHalfOfItsRunsAndOne) {
  std::mt19937 random{2};
  for (unsigned runs = 1; runs < 40; ++runs) {
    Entry entry;
    for (unsigned i = 1; i <= runs; ++i) {
      entry.runs.push_back(random_run(random));
      entry.drop_lists(runs - i);
      const auto held = std::count_if(entry.runs.begin(), entry.runs.end(),
                                      [](const OneRun& run) { return run.list != nullptr; });
      EXPECT_LE(held, runs / 2 + 1);
    }
  }
}

}  // namespace
}  // namespace tools::compare
