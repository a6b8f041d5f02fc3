// Tlb: sets, ways, flushes.
#include "pagesim/hardware/tlb.h"

#include <gtest/gtest.h>

namespace pagesim::hardware {
namespace {

TEST(TlbTest, HoldsAsManyPagesOfASetAsItHasWays) {
  Tlb tlb{{8, 2}};
  for (const std::uint64_t page : {1u, 9u, 17u}) tlb.insert(PageNumber{page}, page);
  EXPECT_EQ(tlb.find(PageNumber{1}), nullptr);
  ASSERT_NE(tlb.find(PageNumber{9}), nullptr);
  ASSERT_NE(tlb.find(PageNumber{17}), nullptr);
  EXPECT_EQ(tlb.find(PageNumber{17})->entry, 17u);
  EXPECT_EQ(tlb.find(PageNumber{2}), nullptr);
}

TEST(TlbTest, FlushesWhatIsAskedAndNothingElse) {
  Tlb tlb{{16, 4}};
  for (std::uint64_t page = 0; page < 60; ++page) tlb.insert(PageNumber{page}, page);
  tlb.flush(PageNumber{7});
  tlb.flush_range(PageNumber{20}, PageNumber{22});
  tlb.flush_range(PageNumber{30}, PageNumber{5000});
  for (std::uint64_t page = 0; page < 60; ++page) {
    const bool flushed = page == 7 || (page >= 20 && page <= 22) || page >= 30;
    EXPECT_EQ(tlb.find(PageNumber{page}) == nullptr, flushed) << page;
  }
  tlb.flush_all();
  EXPECT_EQ(tlb.find(PageNumber{1}), nullptr);
}

}  // namespace
}  // namespace pagesim::hardware
