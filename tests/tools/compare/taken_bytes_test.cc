// Bytes that go in come out, however they came.
#include "tools/compare/taken_bytes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <utility>
#include <vector>

namespace tools::compare {
namespace {

TEST(TakenBytesTest, HasWhatWasAppendedSinceItWasCleared) {
  std::mt19937 random{1};
  std::vector<std::byte> source(1 << 16);
  for (std::byte& byte : source) byte = static_cast<std::byte>(random());
  TakenBytes taken;
  std::vector<std::byte> expected;
  for (int step = 0; step < 2000; ++step) {
    if (random() % 100 == 0) {
      taken.clear();
      expected.clear();
    }
    const std::size_t begin = random() % source.size();
    const std::size_t count = random() % (source.size() - begin);
    taken.append(source.data() + begin, count);
    expected.insert(expected.end(), source.begin() + static_cast<std::ptrdiff_t>(begin),
                    source.begin() + static_cast<std::ptrdiff_t>(begin + count));
    ASSERT_EQ(taken.all().size(), expected.size());
  }
  EXPECT_TRUE(std::equal(taken.all().begin(), taken.all().end(), expected.begin()));
}

TEST(TakenBytesTest, AreWhereTheyWereMovedTo) {
  const std::vector<std::byte> piece(1000, std::byte{7});
  TakenBytes first;
  first.append(piece.data(), piece.size());
  const std::byte* const at = first.all().data();
  TakenBytes second{std::move(first)};
  EXPECT_EQ(second.all().data(), at);
  TakenBytes third;
  third = std::move(second);
  third.append(piece.data(), piece.size());
  EXPECT_EQ(third.all().size(), 2 * piece.size());
}

/// 64 MiB are there at first; more is mapped, and given back when it is no longer needed.
TEST(TakenBytesTest, GrowsBeyondItsFirstRoomAndComesBackClean) {
  constexpr std::size_t kPiece = std::size_t{7} << 20;
  TakenBytes taken;
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 20; ++i) {
      const std::vector<std::byte> piece(kPiece, static_cast<std::byte>(i + round));
      taken.append(piece.data(), piece.size());
    }
    ASSERT_EQ(taken.all().size(), 20 * kPiece);
    for (int i = 0; i < 20; ++i) {
      const auto at = static_cast<std::size_t>(i) * kPiece;
      EXPECT_EQ(taken.all()[at], static_cast<std::byte>(i + round));
      EXPECT_EQ(taken.all()[at + kPiece - 1], static_cast<std::byte>(i + round));
    }
    taken.clear();
    EXPECT_TRUE(taken.all().empty());
  }
}

}  // namespace
}  // namespace tools::compare
