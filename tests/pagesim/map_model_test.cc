// Random system calls, compared with a model that knows only single pages.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "pagesim/hardware/arch/x86.h"
#include "pagesim/uapi.h"
#include "tests/pagesim/world.h"

namespace pagesim::test {
namespace {

namespace x86 = hardware::x86;

/// What a page should be: its protection and the word stored in it.
struct ModelPage {
  int prot = 0;
  std::uint64_t word = 0;
};

class MapModelTest : public testing::TestWithParam<unsigned> {
 protected:
  static constexpr std::size_t kWindow = 1200;  // pages: more than two leaf tables

  [[nodiscard]] std::size_t pick(std::size_t below) {
    return std::uniform_int_distribution<std::size_t>{0, below - 1}(random_);
  }
  [[nodiscard]] static VirtAddr address(std::size_t page) { return kFarAway + page * kPage; }
  [[nodiscard]] int pick_prot() {
    constexpr int kProts[] = {PROT_NONE, PROT_READ, kReadWrite, kReadWrite, kReadWrite};
    return kProts[pick(5)];
  }

  void map() {
    const std::size_t n = 1 + pick(100);
    const std::size_t page = pick(kWindow - n);
    const int prot = pick_prot();
    ASSERT_TRUE(world_.task.mmap(address(page), n * kPage, prot, kPrivate | MAP_FIXED));
    for (std::size_t i = 0; i < n; ++i) model_[page + i] = {prot, 0};
  }
  void unmap() {
    const std::size_t n = 1 + pick(80);
    const std::size_t page = pick(kWindow - n);
    ASSERT_TRUE(world_.task.munmap(address(page), n * kPage));
    for (std::size_t i = 0; i < n; ++i) model_.erase(page + i);
  }
  void protect() {
    const std::size_t n = 1 + pick(60);
    const std::size_t page = pick(kWindow - n);
    const int prot = pick_prot();
    bool whole = true;
    for (std::size_t i = 0; i < n; ++i) whole &= model_.contains(page + i);
    if (!whole) return;
    ASSERT_TRUE(world_.task.mprotect(address(page), n * kPage, prot));
    for (std::size_t i = 0; i < n; ++i) model_[page + i].prot = prot;
  }
  void drop() {
    const std::size_t n = 1 + pick(60);
    const std::size_t page = pick(kWindow - n);
    (void)world_.task.madvise(address(page), n * kPage, MADV_DONTNEED);
    for (std::size_t i = 0; i < n; ++i)
      if (model_.contains(page + i)) model_[page + i].word = 0;
  }
  void move() {
    const std::size_t n = 1 + pick(40);
    const std::size_t m = 1 + pick(60);
    const std::size_t from = pick(kWindow - n);
    const std::size_t to = pick(kWindow - m);
    const auto moved = world_.task.mremap(address(from), n * kPage, m * kPage,
                                          kMremapMaymove | kMremapFixed, address(to));
    if (!moved) {  // the target was taken away before the source was looked at
      if (moved.error() == EFAULT)
        for (std::size_t i = 0; i < m; ++i) model_.erase(to + i);
      if (moved.error() == EFAULT && n > m)
        for (std::size_t i = m; i < n; ++i) model_.erase(from + i);
      return;
    }
    const int prot = model_.at(from).prot;
    std::map<std::size_t, ModelPage> result;
    for (std::size_t i = 0; i < m; ++i)
      result[to + i] = i < n ? model_.at(from + i) : ModelPage{prot, 0};
    for (std::size_t i = 0; i < n; ++i) model_.erase(from + i);
    for (const auto& [page, state] : result) model_[page] = state;
  }
  void access() {
    const std::size_t page = pick(kWindow);
    const auto found = model_.find(page);
    const int prot = found == model_.end() ? PROT_NONE : found->second.prot;
    const bool writes = pick(2) == 0;
    const SignalInfo info = signal_of([&] {
      if (writes)
        world_.task.store<std::uint64_t>(address(page) + 8, ++stamp_);
      else
        EXPECT_EQ(world_.task.load<std::uint64_t>(address(page) + 8),
                  found == model_.end() ? 0 : found->second.word);
    });
    const bool allowed = (prot & (writes ? PROT_WRITE : PROT_READ)) != 0;
    ASSERT_EQ(info.number == 0, allowed);
    if (allowed && writes) found->second.word = stamp_;
    const int refused = found == model_.end() ? SEGV_MAPERR : SEGV_ACCERR;
    ASSERT_EQ(info.code, allowed ? 0 : refused);
  }

  void expect_areas_like_model() {
    std::map<std::size_t, int> mapped;
    VirtAddr last;
    for (const MapLine& line : world_.task.maps()) {
      ASSERT_LT(line.start, line.end);
      ASSERT_LE(last, line.start);
      last = line.end;
      for (VirtAddr at = std::max(line.start, kFarAway); at < std::min(line.end, address(kWindow));
           at += kPage)
        mapped[(at - kFarAway) / kPage] = line.prot;
    }
    std::map<std::size_t, int> expected;
    for (const auto& [page, state] : model_) expected[page] = state.prot;
    ASSERT_EQ(mapped, expected);
  }
  void expect_no_stale_translation() {
    for (const auto& slot : world_.task.process().mmu().tlb().slots()) {
      if (slot.tag == hardware::Tlb::kEmpty) continue;
      const WalkStep leaf = world_.task.walk(VirtAddr{slot.tag << 12u}).back();
      ASSERT_EQ(leaf.level, 0u);
      const hardware::Entry same =
          x86::kPresent | x86::kWritable | x86::kNoExecute | x86::kAddressMask;
      ASSERT_EQ(slot.entry & same, leaf.entry & same);
    }
  }
  /// Counters agree with the page tables, entry by entry.
  void expect_counters_like_tables() {
    std::int64_t anon = 0;
    for (std::size_t page = 0; page < kWindow; ++page)
      anon += world_.task.page_state(address(page)) == PageState::Anon;
    ASSERT_EQ(world_.task.rss().anon, anon * static_cast<std::int64_t>(kPage));
  }

  World world_;
  std::map<std::size_t, ModelPage> model_;
  std::mt19937_64 random_{GetParam()};
  std::uint64_t stamp_ = 0;
};

TEST_P(MapModelTest, AgreesWithSinglePages) {
  world_.machine.ledger().keep_records(false);
  for (int step = 0; step < 1500; ++step) {
    const std::size_t what = pick(20);
    if (what < 2)
      map();
    else if (what < 3)
      unmap();
    else if (what < 5)
      protect();
    else if (what < 6)
      drop();
    else if (what < 8)
      move();
    else
      access();
    if (HasFatalFailure()) return;
    ASSERT_NO_FATAL_FAILURE(expect_no_stale_translation()) << "step " << step;
    if (what >= 8) continue;
    ASSERT_NO_FATAL_FAILURE(expect_areas_like_model()) << "step " << step;
    ASSERT_NO_FATAL_FAILURE(expect_counters_like_tables()) << "step " << step;
  }
  ASSERT_TRUE(world_.task.munmap(kFarAway, kWindow * kPage));
  EXPECT_EQ(world_.task.rss(), Rss{});
}

INSTANTIATE_TEST_SUITE_P(Seeds, MapModelTest, testing::Range(0u, 20u));

}  // namespace
}  // namespace pagesim::test
