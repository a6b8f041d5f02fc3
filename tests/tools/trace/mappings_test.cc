// The same as a table of pages.
#include "tools/trace/mappings.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace tools::trace {
namespace {

struct Page {
  BlockNumber block = kNoBlock;
  std::uint64_t offset = 0;
  friend bool operator==(const Page&, const Page&) = default;
};

constexpr std::uint64_t kPages = 64, kPage = 4096;

/// Page by page, from what Mappings says of a range.
std::vector<Page> pages_in(const Mappings& mappings, std::uint64_t first, std::uint64_t count) {
  std::vector<Page> found;
  for (const Mappings::Part& part : mappings.in(first * kPage, count * kPage)) {
    EXPECT_NE(part.bytes, 0u);
    for (std::uint64_t at = 0; at < part.bytes; at += kPage)
      found.push_back({part.block, part.offset + at});
  }
  return found;
}

TEST(MappingsTest, PartsAreThoseOfATableOfPages) {
  std::mt19937 random{1};
  for (int trial = 0; trial < 200; ++trial) {
    Mappings mappings;
    std::vector<Page> table(kPages);
    for (BlockNumber block = 1; block < 40; ++block) {
      const std::uint64_t first = random() % kPages;
      const std::uint64_t count = 1 + random() % (kPages - first);
      const bool maps = random() % 3 == 0;
      mappings.remove(first * kPage, count * kPage);
      if (maps) mappings.add(first * kPage, count * kPage, block);
      for (std::uint64_t i = 0; i < count; ++i)
        table[first + i] = maps ? Page{block, i * kPage} : Page{};
      std::vector<Page> expected;
      const std::uint64_t from = random() % kPages, looked = random() % (kPages - from + 1);
      for (std::uint64_t i = from; i < from + looked; ++i) {
        if (table[i].block != kNoBlock) expected.push_back(table[i]);
      }
      ASSERT_EQ(pages_in(mappings, from, looked), expected);
    }
  }
}

}  // namespace
}  // namespace tools::trace
