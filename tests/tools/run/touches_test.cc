// The bytes a range touches.
#include "tools/run/touches.h"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <vector>

namespace tools::run {
namespace {

std::vector<std::uint64_t> all(const Touches& touches) {
  std::vector<std::uint64_t> bytes;
  for (std::uint64_t i = 0; i < touches.count(); ++i) bytes.push_back(touches.at(i));
  return bytes;
}

script::Op range(std::int64_t pages, std::uint32_t step = 1) {
  script::Op op;
  op.pages = pages;
  op.step = step;
  return op;
}

using Bytes = std::vector<std::uint64_t>;

TEST(TouchesTest, RangeTouchesItsPagesAtTheBlocksOffset) {
  EXPECT_EQ(all(Touches{range(3), 0x5010, {0x5010, 100}, 4096}), (Bytes{0x5010, 0x6010, 0x7010}));
}

TEST(TouchesTest, StepLeavesPagesOut) {
  EXPECT_EQ(all(Touches{range(9, 4), 0x5000, {}, 4096}), (Bytes{0x5000, 0x9000, 0xd000}));
}

TEST(TouchesTest, ReverseDescends) {
  script::Op op = range(3);
  op.flags = script::flag::Reverse;
  EXPECT_EQ(all(Touches{op, 0x5000, {}, 4096}), (Bytes{0x7000, 0x6000, 0x5000}));
}

TEST(TouchesTest, WholeBlockThatEndsInOneMorePageIsTouchedThereToo) {
  EXPECT_EQ(all(Touches{range(script::Op::kWholeRange), 0x5ff0, {0x5ff0, 32}, 4096}),
            (Bytes{0x5ff0, 0x600f}));
}

TEST(TouchesTest, EmptyBlockIsNotTouched) {
  EXPECT_EQ(Touches(range(script::Op::kWholeRange), 0, {0, 0}, 4096).count(), 0u);
}

TEST(TouchesTest, WholeBlockTouchesEachOfItsPagesExactlyOnce) {
  std::mt19937_64 random{3};
  for (int round = 0; round < 5000; ++round) {
    const std::uint64_t page = std::uint64_t{4096} << (random() % 3 * 2);
    const Block block{0x10000 + random() % 100000, 1 + random() % 300000};
    script::Op op = range(script::Op::kWholeRange);
    if (random() % 2 == 0) op.flags = script::flag::Reverse;
    std::set<std::uint64_t> pages;
    const Bytes bytes = all(Touches{op, block.address, block, page});
    for (const std::uint64_t at : bytes) {
      EXPECT_GE(at, block.address);
      EXPECT_LT(at, block.address + block.length);
      EXPECT_TRUE(pages.insert(at / page).second);
    }
    const std::uint64_t first = block.address / page;
    const std::uint64_t last = (block.address + block.length - 1) / page;
    EXPECT_EQ(bytes.size(), last - first + 1);
  }
}

}  // namespace
}  // namespace tools::run
