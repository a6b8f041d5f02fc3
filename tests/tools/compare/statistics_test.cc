// Small samples against what can be counted by hand.
#include "tools/compare/statistics.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace tools::compare {
namespace {

TEST(SummarizeTest, TheMedianOfAnEvenNumberLiesBetween) {
  const Summary summary = summarize({4, 1, 3, 2});
  EXPECT_EQ(summary.median, 2.5);
  EXPECT_EQ(summary.least, 1);
  EXPECT_EQ(summary.most, 4);
}

TEST(SummarizeTest, FewerThanSixRunsHaveNoInterval) {
  EXPECT_FALSE(summarize({1, 2, 3, 4, 5}).interval);
  const auto six = summarize({6, 5, 4, 3, 2, 1}).interval;
  ASSERT_TRUE(six);
  EXPECT_EQ(*six, std::make_pair(1.0, 6.0));
  EXPECT_EQ(*summarize({1, 2, 3, 4, 5, 6, 7, 8, 9}).interval, std::make_pair(2.0, 8.0));
}

TEST(SummarizeTest, TheIntervalHoldsTheMedianNineteenTimesOfTwenty) {
  std::mt19937 random{1};
  std::exponential_distribution<double> skewed{1.0};
  constexpr double kMedian = 0.6931471805599453;
  int held = 0;
  constexpr int kSamples = 4000;
  for (int i = 0; i < kSamples; ++i) {
    std::vector<double> values(11);
    std::generate(values.begin(), values.end(), [&] { return skewed(random); });
    const auto [low, high] = *summarize(values).interval;
    held += low <= kMedian && kMedian <= high ? 1 : 0;
  }
  EXPECT_GE(held, kSamples * 95 / 100);
  EXPECT_LE(held, kSamples * 99 / 100) << "needlessly wide";
}

TEST(PValueTest, CountsTheOrderingsByHand) {
  // Of the 20 ways to choose 3 of 6, two are as extreme as all below and all above.
  EXPECT_NEAR(p_value({1, 2, 3}, {4, 5, 6}), 2.0 / 20, 1e-12);
  EXPECT_NEAR(p_value({1, 2, 4}, {3, 5, 6}), 4.0 / 20, 1e-12);
  EXPECT_EQ(p_value({7, 7, 7}, {7, 7, 7}), 1);
  EXPECT_EQ(p_value({}, {1}), 1);
}

TEST(PValueTest, EqualDistributionsDifferOnceInTwenty) {
  std::mt19937 random{2};
  std::uniform_int_distribution<int> coarse{0, 9};  // many ties
  for (const std::size_t n : {6u, 40u}) {           // exact, and by approximation
    int differ = 0;
    constexpr int kPairs = 2000;
    for (int i = 0; i < kPairs; ++i) {
      std::vector<double> a(n), b(n);
      for (auto* values : {&a, &b}) {
        std::generate(values->begin(), values->end(), [&] { return coarse(random); });
      }
      differ += p_value(a, b) < 0.05 ? 1 : 0;
    }
    EXPECT_LE(differ, kPairs * 65 / 1000) << n;
    EXPECT_GE(differ, kPairs * 20 / 1000) << n;
  }
}

}  // namespace
}  // namespace tools::compare
