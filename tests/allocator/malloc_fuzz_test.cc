// Random calls against a book of what must hold: nothing overlaps, nothing is lost, the heap is
// whole.
#include <map>
#include <random>

#include "tests/allocator/world.h"

namespace allocator::test {
namespace {

/// Live blocks by address, each filled with its own stamp.
template <class World>
class MallocFuzzTest : public WorldTest<World> {
 protected:
  struct Block {
    std::size_t size = 0;
    std::uint64_t stamp = 0;
  };

  void run(unsigned seed, int calls) {
    random_.seed(seed);
    for (int i = 0; i < calls && !this->HasFatalFailure(); ++i) {
      step();
      if (i % 128 == 0) {
        const HeapCheck found = check_all(this->memory_);
        ASSERT_TRUE(found) << found.broken << " after call " << i;
      }
    }
    while (!live_.empty()) release();
  }

 private:
  std::size_t random_size() {
    const std::uint64_t shift = random_() % 18;
    return random_() % (std::size_t{2} << shift);
  }

  void step() {
    switch (random_() % 12) {
      case 0:
      case 1:
      case 2:
        return take(this->heap_.malloc(size_ = random_size()));
      case 3:
        return take(this->heap_.calloc(1, size_ = random_size()));
      case 4:
        return take(
            this->heap_.memalign(std::size_t{16} << (random_() % 9), size_ = random_size()));
      case 5:
      case 6:
        return resize();
      case 7:
        if (random_() % 64 == 0) this->heap_.malloc_trim(random_() % 100'000);
        return;
      default:
        return release();
    }
  }

  /// A new block may overlap no live one.
  void take(VirtAddr p) {
    ASSERT_FALSE(p.is_null());
    ASSERT_TRUE(p.is_aligned(16));
    const std::size_t usable = this->heap_.malloc_usable_size(p);
    ASSERT_GE(usable, size_);
    const auto above = live_.lower_bound(p);
    if (above != live_.end()) {
      ASSERT_GE(above->first - p, usable);
    }
    if (above != live_.begin()) {
      const auto below = std::prev(above);
      ASSERT_GE(p - below->first, below->second.size);
    }
    live_[p] = {usable, random_()};
    stamp(p, usable, live_[p].stamp);
  }

  typename std::map<VirtAddr, Block>::iterator any() {
    const auto at = live_.lower_bound(VirtAddr{pick_ = pick_ * 6364136223846793005u + random_()});
    if (at != live_.end()) return at;
    return std::next(live_.begin(), static_cast<std::ptrdiff_t>(random_() % live_.size()));
  }

  void release() {
    if (live_.empty()) return;
    const auto block = any();
    expect_stamp(block->first, block->second.size, block->second.stamp);
    this->heap_.free(block->first);
    live_.erase(block);
  }

  void resize() {
    if (live_.empty()) return;
    const auto [p, block] = *any();
    live_.erase(p);
    size_ = random_size() + 1;
    const VirtAddr now = this->heap_.realloc(p, size_);
    ASSERT_FALSE(now.is_null());
    expect_stamp(now, std::min(size_, block.size), block.stamp);
    take(now);
  }

  void stamp(VirtAddr p, std::size_t n, std::uint64_t value) {
    for (std::size_t at = 0; at + 8 <= n; at += at < 256 ? 8 : 1024) this->set_word(p + at, value);
    if (n >= 8) this->set_word(p + (n - 8) / 8 * 8, value);
  }
  void expect_stamp(VirtAddr p, std::size_t n, std::uint64_t value) {
    for (std::size_t at = 0; at + 8 <= n; at += at < 256 ? 8 : 1024) {
      ASSERT_EQ(this->word(p + at), value) << at;
    }
  }

  std::mt19937_64 random_;
  std::size_t size_ = 0;
  std::uint64_t pick_ = 0;
  std::map<VirtAddr, Block> live_;
};
TYPED_TEST_SUITE(MallocFuzzTest, Worlds);

TYPED_TEST(MallocFuzzTest, KeepsEveryByteOfEveryBlock) {
  for (const unsigned seed : {1u, 2u, 3u}) this->run(seed, 8000);
}

TYPED_TEST(MallocFuzzTest, KeepsThemWithoutMappingsAndFastbins) {
  this->heap_.mallopt(-4, 0);  // M_MMAP_MAX
  this->heap_.mallopt(1, 0);   // M_MXFAST
  this->run(4, 8000);
  this->heap_.mallopt(-4, 65536);
  this->heap_.mallopt(1, 120);
}

TYPED_TEST(MallocFuzzTest, KeepsThemUnderPerturb) {
  this->heap_.mallopt(-6, 0x5a);  // M_PERTURB
  this->run(5, 4000);
  this->heap_.mallopt(-6, 0);
}

}  // namespace
}  // namespace allocator::test
