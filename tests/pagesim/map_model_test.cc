// Random system calls, compared with a model that knows only single pages.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <string>

#include "pagesim/uapi.h"
#include "tests/pagesim/world.h"

namespace pagesim::test {
namespace {

/// What a page should be: its protection and the word stored in it.
struct ModelPage {
  int prot = 0;
  std::uint64_t word = 0;
};

/// A machine, what its walker notes and asks, and a seed.
struct Case {
  std::string_view machine;
  hardware::Walker walker;
  unsigned seed;
};

class MapModelTest : public testing::TestWithParam<Case> {
 protected:
  static constexpr std::size_t kWindow = 1200;  // pages, some of them before a leaf table ends

  [[nodiscard]] std::size_t pick(std::size_t below) {
    return std::uniform_int_distribution<std::size_t>{0, below - 1}(random_);
  }
  [[nodiscard]] VirtAddr address(std::size_t page) const { return first_ + page * world_.page; }
  [[nodiscard]] int pick_prot() {
    constexpr int kProts[] = {PROT_NONE,  PROT_READ,  PROT_EXEC, PROT_READ | PROT_EXEC,
                              kReadWrite, kReadWrite, kReadWrite};
    return kProts[pick(std::size(kProts))];
  }

  void map() {
    const std::size_t n = 1 + pick(100);
    const std::size_t page = pick(kWindow - n);
    const int prot = pick_prot();
    ASSERT_TRUE(world_.task.mmap(address(page), n * world_.page, prot, kPrivate | MAP_FIXED));
    for (std::size_t i = 0; i < n; ++i) model_[page + i] = {prot, 0};
  }
  void unmap() {
    const std::size_t n = 1 + pick(80);
    const std::size_t page = pick(kWindow - n);
    ASSERT_TRUE(world_.task.munmap(address(page), n * world_.page));
    for (std::size_t i = 0; i < n; ++i) model_.erase(page + i);
  }
  void protect() {
    const std::size_t n = 1 + pick(60);
    const std::size_t page = pick(kWindow - n);
    const int prot = pick_prot();
    bool whole = true;
    for (std::size_t i = 0; i < n; ++i) whole &= model_.contains(page + i);
    if (!whole) return;
    ASSERT_TRUE(world_.task.mprotect(address(page), n * world_.page, prot));
    for (std::size_t i = 0; i < n; ++i) model_[page + i].prot = prot;
  }
  void free_lazily() {
    const std::size_t n = 1 + pick(60);
    (void)world_.task.madvise(address(pick(kWindow - n)), n * world_.page, MADV_FREE);
  }
  void drop() {
    const std::size_t n = 1 + pick(60);
    const std::size_t page = pick(kWindow - n);
    (void)world_.task.madvise(address(page), n * world_.page, MADV_DONTNEED);
    for (std::size_t i = 0; i < n; ++i)
      if (model_.contains(page + i)) model_[page + i].word = 0;
  }
  void move() {
    const std::size_t n = 1 + pick(40);
    const std::size_t m = 1 + pick(60);
    const std::size_t from = pick(kWindow - n);
    const std::size_t to = pick(kWindow - m);
    const auto moved = world_.task.mremap(address(from), n * world_.page, m * world_.page,
                                          kMremapMaymove | kMremapFixed, address(to));
    if (!moved) return;
    const int prot = model_.at(from).prot;
    std::map<std::size_t, ModelPage> result;
    for (std::size_t i = 0; i < m; ++i) {  // what lies opposite a hole stays
      if (i >= n)
        result[to + i] = ModelPage{prot, 0};
      else if (model_.contains(from + i))
        result[to + i] = model_.at(from + i);
    }
    for (std::size_t i = 0; i < n; ++i) model_.erase(from + i);
    for (const auto& [page, state] : result) model_[page] = state;
  }
  [[nodiscard]] bool is_execute_only(int prot) const {
    return prot == PROT_EXEC && GetParam().walker.protection_keys;
  }
  /// What can be executed can be read, unless it is execute-only; what can be read can be executed
  /// where no entry forbids it.
  [[nodiscard]] bool allows(int prot, Access access) const {
    const hardware::EntryFormat& format = hardware::entry_format(world_.model.config.geometry);
    if (access == Access::Write) return (prot & PROT_WRITE) != 0;
    if (access == Access::Read) return prot != PROT_NONE && !is_execute_only(prot);
    return format.executable.mask != 0 ? (prot & PROT_EXEC) != 0 : prot != PROT_NONE;
  }
  void make(Access access, std::size_t page, std::uint64_t expected) {
    const VirtAddr at = address(page) + 8;
    if (access == Access::Write)
      world_.task.store<std::uint64_t>(at, ++stamp_);
    else if (access == Access::Read)
      EXPECT_EQ(world_.task.load<std::uint64_t>(at), expected);
    else
      world_.task.exec(at);
  }
  void access() {
    const std::size_t page = pick(kWindow);
    const auto found = model_.find(page);
    const bool mapped = found != model_.end();
    const int prot = mapped ? found->second.prot : PROT_NONE;
    const Access access = std::array{Access::Read, Access::Write, Access::Execute}[pick(3)];
    const bool present = world_.task.page_state(address(page)) != PageState::Absent;
    const SignalInfo info = signal_of([&] { make(access, page, mapped ? found->second.word : 0); });
    const bool allowed = allows(prot, access);
    ASSERT_EQ(info.number == 0, allowed);
    if (allowed && access == Access::Write) found->second.word = stamp_;
    const bool by_key = is_execute_only(prot) && access != Access::Execute;
    const int refused = by_key ? SEGV_PKUERR : mapped ? SEGV_ACCERR : SEGV_MAPERR;
    ASSERT_EQ(info.code, allowed ? 0 : refused);
    constexpr std::uint32_t kKeyAndPresent = 0x21;
    const std::uint32_t write = access == Access::Write ? 2 : 0;
    if (by_key) {
      ASSERT_EQ(info.error_code, (present ? kKeyAndPresent : 0u) | write | 4u);
    }
  }

  void expect_areas_like_model() {
    std::map<std::size_t, int> mapped;
    VirtAddr last;
    for (const MapLine& line : world_.task.maps()) {
      ASSERT_LT(line.start, line.end);
      ASSERT_LE(last, line.start);
      last = line.end;
      for (VirtAddr at = std::max(line.start, first_); at < std::min(line.end, address(kWindow));
           at += world_.page)
        mapped[(at - first_) / world_.page] = line.prot;
    }
    std::map<std::size_t, int> expected;
    for (const auto& [page, state] : model_) expected[page] = state.prot;
    ASSERT_EQ(mapped, expected);
  }
  void expect_no_stale_translation() {
    const hardware::EntryFormat& format = hardware::entry_format(world_.model.config.geometry);
    const hardware::Entry same =
        format.present.mask | format.writable.mask | format.executable.mask | format.address_mask;
    const hardware::Mmu& mmu = world_.task.process().mmu();
    ASSERT_TRUE(mmu.stale().empty());
    for (const hardware::CachedTranslation& cached : mmu.cached()) {
      const WalkStep leaf = world_.task.walk(cached.page).back();
      ASSERT_EQ(leaf.level, cached.level);
      ASSERT_EQ(cached.entry & same, leaf.entry & same);
    }
  }
  /// Counters agree with the page tables, entry by entry.
  void expect_counters_like_tables() {
    std::int64_t anon = 0;
    for (std::size_t page = 0; page < kWindow; ++page)
      anon += world_.task.page_state(address(page)) == PageState::Anon;
    ASSERT_EQ(world_.task.rss().anon, anon * static_cast<std::int64_t>(world_.page));
  }

  /// Bytes of the tables over the window that are not the window's alone: others' areas lie in
  /// their reach. PAE has one for each GiB of the user's from the start.
  [[nodiscard]] std::int64_t tables_of_others() {
    const hardware::Geometry& geometry = world_.model.config.geometry;
    std::int64_t tables = geometry.is_pae() ? 2 : 0;  // and gave the window's back
    for (unsigned level = 0; geometry.counts_in_vm_pte(level); ++level) {
      const std::size_t span = std::size_t{1} << geometry.shift(level + 1);
      const VirtAddr start = first_.align_down(span);
      for (const MapLine& line : world_.task.maps()) {
        if (line.end <= start || line.start >= start + span) continue;
        ++tables;
        break;
      }
    }
    return tables * static_cast<std::int64_t>(world_.page);
  }

  World world_{GetParam().machine, GetParam().walker};
  VirtAddr first_ = world_.far + (world_.model.config.geometry.entries(0) - 400) * world_.page;
  std::map<std::size_t, ModelPage> model_;
  std::mt19937_64 random_{GetParam().seed};
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
    else if (what < 9)
      free_lazily();
    else
      access();
    if (HasFatalFailure()) return;
    ASSERT_NO_FATAL_FAILURE(expect_no_stale_translation()) << "step " << step;
    if (what >= 9) continue;
    ASSERT_NO_FATAL_FAILURE(expect_areas_like_model()) << "step " << step;
    ASSERT_NO_FATAL_FAILURE(expect_counters_like_tables()) << "step " << step;
  }
  ASSERT_TRUE(world_.task.munmap(first_, kWindow * world_.page));
  Rss left = world_.task.rss();
  EXPECT_EQ(left.page_tables, tables_of_others());
  left.page_tables = 0;
  EXPECT_EQ(left, Rss{});
}

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const std::string_view machine : machine_names())
    for (unsigned seed = 0; seed < 6; ++seed) all.push_back({machine, {}, seed});
  for (unsigned seed = 0; seed < 6; ++seed) {
    all.push_back({"arm64-4k", {false, false}, seed});
    all.push_back({"x86-64", {.protection_keys = true}, seed});
  }
  return all;
}
std::string case_name(const testing::TestParamInfo<Case>& info) {
  std::string name{info.param.machine};
  std::replace(name.begin(), name.end(), '-', '_');
  if (!info.param.walker.sets_accessed) name += "_without_af";
  if (info.param.walker.protection_keys) name += "_with_keys";
  return name + "_" + std::to_string(info.param.seed);
}
INSTANTIATE_TEST_SUITE_P(Machines, MapModelTest, testing::ValuesIn(cases()), case_name);

}  // namespace
}  // namespace pagesim::test
