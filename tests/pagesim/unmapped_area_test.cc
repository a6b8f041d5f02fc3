// Room for a mapping, compared with a search of all holes from the top.
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "pagesim/uapi.h"
#include "tests/pagesim/world.h"

namespace pagesim::test {
namespace {

class UnmappedAreaTest : public testing::Test {
 protected:
  [[nodiscard]] std::size_t pick(std::size_t below) {
    return std::uniform_int_distribution<std::size_t>{0, below - 1}(random_);
  }

  /// The highest room of `length` bytes below the mmap base.
  [[nodiscard]] VirtAddr highest_room(std::size_t length) {
    VirtAddr end = world_.model.layout.mmap_base;
    auto lines = world_.task.maps();
    std::reverse(lines.begin(), lines.end());
    for (const MapLine& line : lines) {
      if (line.start >= world_.model.layout.mmap_base) continue;
      if (line.end <= end && end - line.end >= length) break;
      end = std::min(end, line.start);
    }
    return end - length;
  }

  void map() {
    const std::size_t length = (1 + pick(40)) * world_.page;
    const VirtAddr room = highest_room(length);
    const int prot = pick(2) == 0 ? PROT_NONE : kReadWrite;
    const auto got = world_.task.mmap({}, length, prot, kPrivate);
    ASSERT_TRUE(got);
    ASSERT_EQ(*got, room);
    starts_.push_back(*got);
  }
  /// A piece from near the start of a mapping: of it, of others below or above, or of none.
  void unmap() {
    if (starts_.empty()) return;
    const std::size_t which = pick(starts_.size());
    const VirtAddr at = starts_[which] + pick(8) * world_.page;
    ASSERT_TRUE(world_.task.munmap(at, (1 + pick(30)) * world_.page));
    starts_.erase(starts_.begin() + static_cast<std::ptrdiff_t>(which));
  }
  void grow() {
    if (starts_.empty()) return;
    const VirtAddr at = starts_[pick(starts_.size())];
    const auto moved = world_.task.mremap(at, world_.page, (2 + pick(20)) * world_.page,
                                          kMremapMaymove, VirtAddr{});
    if (moved) starts_.push_back(*moved);
  }

  World world_;
  std::vector<VirtAddr> starts_;
  std::mt19937_64 random_{7};
};

TEST_F(UnmappedAreaTest, IsTheHighestRoomWhateverWasMappedBefore) {
  for (int step = 0; step < 4000; ++step) {
    const std::size_t what = pick(10);
    if (what < 5)
      map();
    else if (what < 9)
      unmap();
    else
      grow();
    if (HasFatalFailure()) FAIL() << "step " << step;
  }
}

}  // namespace
}  // namespace pagesim::test
