// The heap checker finds what is broken, and nothing else.
#include "allocator/check.h"

#include "tests/allocator/world.h"

namespace allocator::test {
namespace {

template <class World>
class CheckHeapTest : public WorldTest<World> {
 protected:
  void SetUp() override {
    p_ = this->heap_.malloc(5000);
    guard_ = this->heap_.malloc(5000);
    this->heap_.free(p_);
    (void)this->heap_.malloc(40'000);  // sorts p_ into its bin
    ASSERT_TRUE(check_heap(this->memory_));
  }
  /// What the checker says with one word changed, which is then put back.
  const char* with(VirtAddr at, std::uint64_t value) {
    const std::uint64_t before = this->word(at);
    this->set_word(at, value);
    const HeapCheck found = check_heap(this->memory_);
    this->set_word(at, before);
    return found.broken;
  }

  VirtAddr p_;
  VirtAddr guard_;
};
TYPED_TEST_SUITE(CheckHeapTest, Worlds);

TYPED_TEST(CheckHeapTest, FindsABadFoot) {
  const VirtAddr p = this->p_;
  const std::size_t size = this->head(p) & ~kSizeBits;
  EXPECT_STREQ(this->with(p + size - 16, size + 16), "a foot differs from its head");
}

TYPED_TEST(CheckHeapTest, FindsABadBackLink) {
  EXPECT_STREQ(this->with(this->p_ + 8, this->guard_.raw()), "a list's bk does not lead back");
}

TYPED_TEST(CheckHeapTest, FindsABrokenRing) {
  const char* broken = this->with(this->p_ + 16, this->guard_.raw());
  ASSERT_NE(broken, nullptr);
  EXPECT_THAT(broken, testing::HasSubstr("ring"));
}

TYPED_TEST(CheckHeapTest, FindsAFreeChunkThatLooksUsed) {
  const VirtAddr p = this->p_;
  const std::size_t size = this->head(p) & ~kSizeBits;
  const VirtAddr next = p + size;
  EXPECT_STREQ(this->with(next - 8, this->head(next) | kPrevInuse),
               "a free chunk looks used to its neighbour");
}

TYPED_TEST(CheckHeapTest, FindsAChunkInTheWrongBin) {
  const VirtAddr p = this->p_;
  EXPECT_NE(this->with(p - 8, 64 | kPrevInuse), nullptr);
}

}  // namespace
}  // namespace allocator::test
