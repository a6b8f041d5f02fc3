// Sizes and class indexes of chunks.
#include "allocator/chunk.h"

#include <gtest/gtest.h>

#include "allocator/bins.h"
#include "allocator/real_memory.h"

namespace allocator {
namespace {

static_assert(sizeof(Chunk<RealMemory>) == sizeof(void*));

TEST(Request2SizeTest, IsTheSmallestChunkThatHoldsTheRequest) {
  for (std::size_t n = 0; n < 100'000; ++n) {
    const std::size_t size = bytes(*request2size(n));
    ASSERT_EQ(size % kAlignment, 0u) << n;
    ASSERT_GE(size, kMinSize) << n;
    ASSERT_GE(size - kWord, n);
    if (size > kMinSize) {
      ASSERT_LT(size - kAlignment - kWord, n);
    }
  }
}

TEST(Request2SizeTest, RefusesWhatNoPointerDifferenceCanSpan) {
  EXPECT_TRUE(request2size(kMaxRequest));
  EXPECT_FALSE(request2size(kMaxRequest + 1));
  EXPECT_FALSE(request2size(~std::size_t{0}));
}

TEST(TcacheIndexTest, OfARequestIsThatOfItsChunk) {
  for (std::size_t n = 0; n < 100'000; ++n) {
    ASSERT_EQ(tcache_index_of(n), tcache_index(*request2size(n))) << n;
  }
  EXPECT_EQ(tcache_index(ChunkSize::of(1040)), 63u);
}

TEST(FastbinIndexTest, CountsClassesFromTheSmallest) {
  EXPECT_EQ(fastbin_index(ChunkSize::of(32)), 0u);
  EXPECT_EQ(fastbin_index(ChunkSize::of(176)), 9u);
}

TEST(BinIndexTest, NeverFallsAsSizesGrow) {
  std::size_t last = bin_index(ChunkSize::of(kMinSize));
  EXPECT_EQ(last, 2u);
  for (std::size_t size = kMinSize; size < (4u << 20); size += kAlignment) {
    const std::size_t index = bin_index(ChunkSize::of(size));
    ASSERT_GE(index, last) << size;
    ASSERT_LE(index, 126u);
    last = index;
  }
  EXPECT_EQ(last, 126u);
}

TEST(BinIndexTest, StartsTheLargeBinsAt1024) {
  EXPECT_EQ(bin_index(ChunkSize::of(1008)), 63u);
  EXPECT_EQ(bin_index(ChunkSize::of(1024)), 64u);
  EXPECT_EQ(bin_index(ChunkSize::of(4096)), 99u);
}

TEST(ProtectPtrTest, UndoesItself) {
  const VirtAddr link{0x5555'5555'92a0};
  const VirtAddr target{0x5555'5555'a2c0};
  EXPECT_NE(protect_ptr(link, target), target);
  EXPECT_EQ(protect_ptr(link, protect_ptr(link, target)), target);
}

}  // namespace
}  // namespace allocator
