#include "tools/trace/block_map.h"

#include <gtest/gtest.h>

#include <random>
#include <unordered_map>

namespace tools::trace {
namespace {

TEST(BlockMapTest, AgreesWithTheStandardMap) {
  std::mt19937_64 random{1};
  BlockMap map;
  std::unordered_map<std::uint64_t, BlockNumber> expected;
  for (int i = 0; i < 300'000; ++i) {
    const std::uint64_t address = 16 * (1 + random() % 5000);
    switch (random() % 3) {
      case 0:
        map.put(address, 1 + random());
        expected[address] = map.find(address);
        break;
      case 1: {
        const auto found = expected.find(address);
        ASSERT_EQ(map.take(address), found == expected.end() ? kNoBlock : found->second);
        expected.erase(address);
        break;
      }
      default: {
        const auto found = expected.find(address);
        ASSERT_EQ(map.find(address), found == expected.end() ? kNoBlock : found->second);
      }
    }
    ASSERT_EQ(map.size(), expected.size());
  }
  for (const auto& [address, block] : expected) ASSERT_EQ(map.find(address), block);
}

TEST(BlockMapTest, AnEmptyOneHoldsNothing) {
  BlockMap map;
  EXPECT_EQ(map.find(16), kNoBlock);
  EXPECT_EQ(map.take(16), kNoBlock);
}

}  // namespace
}  // namespace tools::trace
