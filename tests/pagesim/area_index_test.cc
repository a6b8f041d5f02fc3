// AreaIndex, compared with a std::map.
#include "pagesim/kernel/area_index.h"

#include <gtest/gtest.h>

#include <iterator>
#include <map>
#include <random>

namespace pagesim::kernel {
namespace {

/// Areas of a few pages, in an index and in a map from starts to where the index put them.
class AreaIndexTest : public testing::TestWithParam<unsigned> {
 protected:
  using Model = std::map<VirtAddr, Vma*>;
  static constexpr std::size_t kPage = 4096;
  static constexpr std::size_t kPages = 3000;

  [[nodiscard]] std::size_t pick(std::size_t below) {
    return std::uniform_int_distribution<std::size_t>{0, below - 1}(random_);
  }
  /// Any page, or one beside the page picked last: places fill up, and empty, from both ends.
  [[nodiscard]] VirtAddr pick_page() {
    constexpr int kWays = 4;
    const std::size_t way = pick(kWays);
    page_ = way == 0 ? pick(kPages) : (page_ + (way == 1 ? 1 : kPages - 1)) % kPages;
    return VirtAddr{page_ * kPage};
  }

  /// One to three pages, if so many are free.
  void insert(VirtAddr at) {
    Vma vma;
    vma.start = at;
    vma.end = at + (1 + pick(3)) * kPage;
    const auto above = ending_above(at);
    if (above != model_.end() && above->first < vma.end) return;
    Vma& kept = index_.insert(vma);
    EXPECT_EQ(kept.start, at);
    model_[at] = &kept;
  }
  void erase(VirtAddr at) {
    const auto found = model_.lower_bound(at);
    const auto here = index_.starting_from(at);
    if (found == model_.end()) {
      EXPECT_EQ(here, index_.end());
      return;
    }
    const auto after = index_.erase(here);
    expect_same(after, model_.erase(found));
  }
  /// An area starts and ends elsewhere between its neighbours.
  void move(VirtAddr at) {
    const auto found = model_.lower_bound(at);
    if (found == model_.end()) return;
    const auto above = std::next(found);
    const VirtAddr low = found == model_.begin() ? VirtAddr{} : std::prev(found)->second->end;
    const VirtAddr high = above == model_.end() ? VirtAddr{2 * kPages * kPage} : above->first;
    Vma& vma = *found->second;
    model_.erase(found);
    vma.start = low + pick(vma.end - low);
    index_.set_end(vma, high - pick(high - vma.start));
    model_[vma.start] = &vma;
  }

  [[nodiscard]] Model::const_iterator ending_above(VirtAddr at) const {
    const auto above = model_.upper_bound(at);
    if (above == model_.begin() || std::prev(above)->second->end <= at) return above;
    return std::prev(above);
  }
  /// The same place in both.
  void expect_same(AreaIndex::const_iterator here, Model::const_iterator expected) const {
    ASSERT_EQ(here == index_.end(), expected == model_.end());
    if (expected != model_.end()) {
      ASSERT_EQ(&*here, expected->second);
    }
  }
  void expect_same_answers(VirtAddr at) {
    expect_same(index_.starting_from(at), model_.lower_bound(at));
    expect_same(index_.upper_bound(at), ending_above(at));
    const auto found = ending_above(at);
    ASSERT_EQ(index_.find(at), found == model_.end() ? nullptr : found->second);
  }
  void expect_same_order() const {
    ASSERT_EQ(index_.size(), model_.size());
    auto expected = model_.begin();
    for (const Vma& vma : index_) {
      ASSERT_EQ(&vma, expected->second);
      ASSERT_EQ(vma.start, expected->first);
      ++expected;
    }
    auto area = index_.end();
    while (expected != model_.begin()) expect_same(--area, --expected);
    ASSERT_EQ(area, index_.begin());
  }

  AreaIndex index_;
  Model model_;
  std::mt19937 random_{GetParam()};
  std::size_t page_ = 0;
};

/// Grows and shrinks in turns: from nothing to many chunks, and back to nothing.
TEST_P(AreaIndexTest, FindsWhatAMapFindsAndLeavesAreasWhereTheyAre) {
  for (std::size_t step = 0; step < 30'000; ++step) {
    const bool grows = step / 5000 % 2 == 0;
    const VirtAddr at = pick_page();
    if (pick(8) == 0)
      move(at);
    else if (pick(8) == 0 ? !grows : grows)
      insert(at);
    else
      erase(at);
    expect_same_answers(pick_page() + pick(2));
    if (HasFatalFailure()) return;
    if (step % 500 == 0) expect_same_order();
  }
  while (index_.size() > 0) erase(VirtAddr{});
  expect_same_order();
}

/// Ascending, descending, and in strides.
TEST_P(AreaIndexTest, TakesAreasInAnyOrder) {
  constexpr std::size_t kRoom = 3 * kPage;
  constexpr std::size_t kStrides[] = {1, kPages - 1, 7, 1499};
  const std::size_t stride = kStrides[GetParam() % std::size(kStrides)];
  for (std::size_t i = 0; i < kPages; ++i) insert(VirtAddr{i * stride % kPages * kRoom});
  ASSERT_EQ(index_.size(), kPages);
  for (std::size_t i = 0; i < kPages; ++i) expect_same_answers(VirtAddr{i * kRoom});
  expect_same_order();
}

INSTANTIATE_TEST_SUITE_P(Seeds, AreaIndexTest, testing::Range(1u, 9u));

}  // namespace
}  // namespace pagesim::kernel
