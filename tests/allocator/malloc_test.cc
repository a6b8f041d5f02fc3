// The calls of malloc(3), the same claims in every world.
#include "allocator/malloc.h"

#include <array>

#include "tests/allocator/world.h"

namespace allocator::test {
namespace {

template <class World>
class MallocTest : public WorldTest<World> {};
TYPED_TEST_SUITE(MallocTest, Worlds);

TYPED_TEST(MallocTest, HandsTheLastFreedChunkOutFirst) {
  const VirtAddr a = this->heap_.malloc(100);
  const VirtAddr b = this->heap_.malloc(100);
  this->heap_.free(a);
  this->heap_.free(b);
  EXPECT_EQ(this->heap_.malloc(100), b);
  EXPECT_EQ(this->heap_.malloc(100), a);
  this->heap_.free(a);
  this->heap_.free(b);
}

TYPED_TEST(MallocTest, ServesZeroBytesWithAChunkOfItsOwn) {
  const VirtAddr a = this->heap_.malloc(0);
  const VirtAddr b = this->heap_.malloc(0);
  EXPECT_FALSE(a.is_null());
  EXPECT_NE(a, b);
  EXPECT_EQ(this->heap_.malloc_usable_size(a), 24u);
  this->heap_.free(a);
  this->heap_.free(b);
}

TYPED_TEST(MallocTest, RefusesHugeRequestsWithEnomem) {
  for (const std::size_t n : {kMaxRequest + 1, ~std::size_t{0}, kMaxRequest - 4096}) {
    this->memory_.set_error(0);
    EXPECT_TRUE(this->heap_.malloc(n).is_null());
    EXPECT_EQ(this->memory_.error(), ENOMEM);
  }
  this->memory_.set_error(0);
  EXPECT_TRUE(this->heap_.calloc(kMaxRequest / 8, 16).is_null());
  EXPECT_EQ(this->memory_.error(), ENOMEM);
}

TYPED_TEST(MallocTest, FreeKeepsErrno) {
  const VirtAddr mapped = this->heap_.malloc(40u << 20);
  const VirtAddr small = this->heap_.malloc(10);
  this->memory_.set_error(77);
  this->heap_.free(mapped);
  this->heap_.free(small);
  this->heap_.free(VirtAddr{});
  EXPECT_EQ(this->memory_.error(), 77);
}

TYPED_TEST(MallocTest, CallocClearsWhatWasWritten) {
  for (const std::size_t n : {1u, 24u, 500u, 3000u, 70'000u, 3u << 20}) {
    const VirtAddr dirty = this->heap_.malloc(n);
    const std::size_t usable = this->heap_.malloc_usable_size(dirty);
    this->memory_.fill(dirty, 0xff, usable, tag(Writer::User));
    this->heap_.free(dirty);
    const VirtAddr clean = this->heap_.calloc(n, 1);
    for (std::size_t at = 0; at + 8 <= n; at += 8) ASSERT_EQ(this->word(clean + at), 0u) << n;
    this->heap_.free(clean);
  }
}

TYPED_TEST(MallocTest, ReallocKeepsTheContents) {
  VirtAddr p = this->heap_.malloc(8);
  this->set_word(p, 0x1122'3344'5566'7788);
  for (const std::size_t n : {24u, 200u, 5000u, 300'000u, 2u << 20, 250'000u, 40u, 8u}) {
    p = this->heap_.realloc(p, n);
    ASSERT_FALSE(p.is_null());
    ASSERT_EQ(this->word(p), 0x1122'3344'5566'7788u) << n;
    ASSERT_GE(this->heap_.malloc_usable_size(p), n);
  }
  EXPECT_TRUE(this->heap_.realloc(p, 0).is_null());
}

TYPED_TEST(MallocTest, AlignsToEveryPowerOfTwo) {
  for (std::size_t alignment = 1; alignment <= 1u << 20; alignment *= 2) {
    for (const std::size_t n : {1u, 100u, 5000u, 200'000u}) {
      const VirtAddr p = this->heap_.memalign(alignment, n);
      ASSERT_TRUE(p.is_aligned(alignment)) << alignment << ' ' << n;
      ASSERT_GE(this->heap_.malloc_usable_size(p), n);
      this->set_word(p, 1);
      this->heap_.free(p);
    }
  }
}

TYPED_TEST(MallocTest, PosixMemalignRefusesOddAlignmentsAndLeavesOutAlone) {
  VirtAddr out{0x1234};
  for (const std::size_t alignment : {0u, 1u, 4u, 12u, 24u, 48u}) {
    EXPECT_EQ(this->heap_.posix_memalign(out, alignment, 10), EINVAL) << alignment;
  }
  EXPECT_EQ(this->heap_.posix_memalign(out, 64, kMaxRequest + 1), ENOMEM);
  EXPECT_EQ(out, VirtAddr{0x1234});
  EXPECT_EQ(this->heap_.posix_memalign(out, 64, 10), 0);
  EXPECT_TRUE(out.is_aligned(64));
  this->heap_.free(out);
}

TYPED_TEST(MallocTest, PvallocRoundsUpToWholePages) {
  const VirtAddr p = this->heap_.pvalloc(4097);
  EXPECT_TRUE(p.is_aligned(4096));
  EXPECT_GE(this->heap_.malloc_usable_size(p), 8192u);
  this->heap_.free(p);
}

TYPED_TEST(MallocTest, FreedNeighboursMergeAcrossBins) {
  std::array<VirtAddr, 3> chunks;
  for (VirtAddr& p : chunks) p = this->heap_.malloc(2000);
  const VirtAddr guard = this->heap_.malloc(2000);
  const bool side_by_side =
      chunks[1] == chunks[0] + 2016 && chunks[2] == chunks[1] + 2016 && guard > chunks[2];
  for (const VirtAddr p : chunks) this->heap_.free(p);
  if (side_by_side) {
    EXPECT_EQ(this->heap_.malloc(3 * 2016 - 8), chunks[0]);
    this->heap_.free(chunks[0]);
  }
  this->heap_.free(guard);
}

TYPED_TEST(MallocTest, Mallinfo2AccountsForEveryByte) {
  const VirtAddr small = this->heap_.malloc(3000);
  const VirtAddr mapped = this->heap_.malloc(40u << 20);
  const Mallinfo2 info = this->heap_.mallinfo2();
  EXPECT_EQ(info.uordblks + info.fordblks, info.arena);
  EXPECT_GE(info.uordblks, 3000u);
  EXPECT_EQ(info.hblks, 1u);
  EXPECT_EQ(info.hblkhd, (40u << 20) + 4096);
  this->heap_.free(small);
  this->heap_.free(mapped);
  EXPECT_EQ(this->heap_.mallinfo2().hblks, 0u);
}

}  // namespace
}  // namespace allocator::test
