// Tlb: against a naive one that searches lists; and no machine can tell whether there is one.
#include "pagesim/hardware/tlb.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <random>

#include "pagesim/hardware/arch/x86.h"
#include "pagesim/uapi.h"
#include "tests/pagesim/world.h"

namespace pagesim::hardware {
namespace {

TEST(TlbArrayTest, HoldsAsManyPagesOfASetAsItHasWays) {
  TlbArray array{{8, 2}};
  for (const std::uint64_t page : {1u, 9u, 17u}) array.insert(page, page);
  EXPECT_EQ(array.find(1), nullptr);
  ASSERT_NE(array.find(9), nullptr);
  ASSERT_NE(array.find(17), nullptr);
  EXPECT_EQ(array.find(17)->entry, 17u);
  EXPECT_EQ(array.find(2), nullptr);
}

TEST(TlbArrayTest, FlushesWhatIsAskedAndNothingElse) {
  TlbArray array{{16, 4}};
  for (std::uint64_t page = 0; page < 60; ++page) array.insert(page, page);
  std::size_t dropped = 0;
  const auto count = [&](const TlbArray::Slot&) { ++dropped; };
  array.flush_range(7, 7, count);
  array.flush_range(20, 22, count);
  array.flush_range(30, 5000, count);
  EXPECT_EQ(dropped, 1u + 3u + 30u);
  for (std::uint64_t page = 0; page < 60; ++page) {
    const bool flushed = page == 7 || (page >= 20 && page <= 22) || page >= 30;
    EXPECT_EQ(array.find(page) == nullptr, flushed) << page;
  }
}

/// One array as a textbook has it: each set a list, the oldest way replaced first, where a way that
/// was emptied keeps its turn.
class NaiveArray {
 public:
  explicit NaiveArray(TlbArrayGeometry geometry) : geometry_{geometry}, sets_(geometry.sets) {
    for (auto& set : sets_) set.ways.resize(geometry.ways);
  }
  [[nodiscard]] std::optional<Entry> find(std::uint64_t tag) const {
    for (const auto& way : sets_[tag % geometry_.sets].ways)
      if (way && way->first == tag) return way->second;
    return std::nullopt;
  }
  void insert(std::uint64_t tag, Entry entry) {
    Set& set = sets_[tag % geometry_.sets];
    set.ways[set.turn++ % geometry_.ways] = {tag, entry};
  }
  std::size_t flush(std::uint64_t first, std::uint64_t last) {
    std::size_t dropped = 0;
    for (Set& set : sets_)
      for (auto& way : set.ways)
        if (way && way->first >= first && way->first <= last) {
          way.reset();
          ++dropped;
        }
    return dropped;
  }

 private:
  struct Set {
    std::vector<std::optional<std::pair<std::uint64_t, Entry>>> ways;
    std::size_t turn = 0;
  };
  TlbArrayGeometry geometry_;
  std::vector<Set> sets_;
};

struct ArrayTest : testing::TestWithParam<unsigned> {};

TEST_P(ArrayTest, AgreesWithANaiveOne) {
  std::mt19937 random{GetParam()};
  const TlbArrayGeometry geometry{1u << random() % 6, static_cast<unsigned>(1 + random() % 13)};
  TlbArray array{geometry};
  NaiveArray naive{geometry};
  for (int i = 0; i < 20000; ++i) {
    const std::uint64_t tag = random() % 400;
    if (random() % 20 == 0) {
      const std::uint64_t last = tag + random() % 100;
      std::size_t dropped = 0;
      array.flush_range(tag, last, [&](const TlbArray::Slot&) { ++dropped; });
      ASSERT_EQ(dropped, naive.flush(tag, last));
      continue;
    }
    const TlbArray::Slot* slot = array.find(tag);
    const auto expected = naive.find(tag);
    ASSERT_EQ(slot != nullptr, expected.has_value());
    if (slot != nullptr) {
      ASSERT_EQ(slot->entry, *expected);
    } else {
      array.insert(tag, tag * 3);
      naive.insert(tag, tag * 3);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ArrayTest, testing::Range(0u, 20u));

TlbGeometry any_geometry(std::mt19937& random) {
  const auto array = [&](unsigned least) {
    return TlbArrayGeometry{1u << random() % 4, static_cast<unsigned>(least + random() % 5)};
  };
  TlbGeometry geometry;
  geometry.data = {array(1), array(0), array(0)};
  geometry.instructions = {array(1), array(0), array(0)};
  geometry.second = {array(0), array(0), array(0)};
  geometry.asids = static_cast<unsigned>(1 + random() % 4);
  return geometry;
}

/// Levels of a TLB, page sizes and address spaces, as one list of arrays that are looked up in
/// turn.
class NaiveTlb {
 public:
  explicit NaiveTlb(const TlbGeometry& geometry) : asids_(geometry.asids, kNobody) {
    for (const auto* level : {&geometry.data, &geometry.instructions, &geometry.second})
      for (const TlbArrayGeometry& array : *level) {
        exists_.push_back(array.ways != 0);
        arrays_.emplace_back(TlbArrayGeometry{array.sets, std::max(1u, array.ways)});
      }
  }
  TlbCounters counters;

  void access(std::size_t space, std::uint64_t page, bool execute, unsigned level) {
    run(space);
    const std::size_t first = execute ? 3 : 0;
    if (lookup(first, page)) {
      ++counters.hits;
    } else if (const auto size = lookup(6, page)) {
      ++counters.second_hits;
      fill(first, page, *size);
    } else {
      ++counters.misses;
      fill(first, page, level);
      fill(6, page, level);
    }
  }
  std::size_t flush(std::size_t space, std::uint64_t first, std::uint64_t last) {
    const auto asid = std::find(asids_.begin(), asids_.end(), space);
    if (asid == asids_.end()) return 0;
    const std::uint64_t above = static_cast<std::uint64_t>(asid - asids_.begin()) << 52u;
    std::size_t dropped = 0;
    for (std::size_t i = 0; i < arrays_.size(); ++i)
      dropped += arrays_[i].flush(first >> i % 3 * 9 | above, last >> i % 3 * 9 | above);
    return dropped;
  }

 private:
  static constexpr std::size_t kNobody = ~std::size_t{0};

  void run(std::size_t space) {
    if (running_ == space) return;
    counters.switches += running_ != kNobody;
    running_ = space;
    auto mine = std::find(asids_.begin(), asids_.end(), space);
    if (mine == asids_.end()) {
      mine = asids_.begin() + static_cast<std::ptrdiff_t>(next_++ % asids_.size());
      if (*mine != kNobody) {
        ++counters.asid_flushes;
        (void)flush(*mine, 0, (std::uint64_t{1} << 52u) - 1);
      }
      *mine = space;
    }
    above_ = static_cast<std::uint64_t>(mine - asids_.begin()) << 52u;
  }
  std::optional<unsigned> lookup(std::size_t first, std::uint64_t page) {
    for (unsigned size = 0; size < 3; ++size)
      if (exists_[first + size] && arrays_[first + size].find(page >> size * 9 | above_))
        return size;
    return std::nullopt;
  }
  void fill(std::size_t first, std::uint64_t page, unsigned level) {
    while (level > 0 && !exists_[first + level]) --level;
    if (exists_[first + level] && !arrays_[first + level].find(page >> level * 9 | above_))
      arrays_[first + level].insert(page >> level * 9 | above_, 1);
  }

  std::vector<bool> exists_;
  std::vector<NaiveArray> arrays_;
  std::vector<std::size_t> asids_;
  std::size_t running_ = kNobody;
  std::size_t next_ = 0;
  std::uint64_t above_ = 0;
};

struct TlbTest : testing::TestWithParam<unsigned> {
  std::mt19937 random{GetParam()};
  std::size_t pick(std::size_t n) { return random() % n; }
};

/// Three address spaces, each with 600 pages, a block of 2 MiB and one of 1 GiB.
TEST_P(TlbTest, CountsAsANaiveOneDoes) {
  const TlbGeometry tlb_geometry = any_geometry(random);
  const Geometry geometry;
  PhysicalMemory memory{geometry, 1u << 24};
  Tlb tlb{tlb_geometry, geometry};
  NaiveTlb naive{tlb_geometry};
  struct Space {
    PageTable tables;
    Mmu mmu;
    Space(const Geometry& geometry, PhysicalMemory& memory, Tlb& tlb)
        : tables{geometry, memory}, mmu{tables, tlb} {}
  };
  std::deque<Space> spaces;
  const Entry all = x86::kPresent | x86::kUser | x86::kWritable | x86::kAccessed | x86::kDirty;
  for (int i = 0; i < 3; ++i) {
    Space& space = spaces.emplace_back(geometry, memory, tlb);
    for (std::uint64_t page = 0; page < 600; ++page)
      *space.tables.find_or_make(VirtAddr{page << 12u}) = ((page + 2) << 12u) | all;
    *space.tables.find_or_make(VirtAddr{4u << 21u}, 1) = (512u << 12u) | all | x86::kPageSize;
    *space.tables.find_or_make(VirtAddr{1u << 30u}, 2) = (1u << 30u) | all | x86::kPageSize;
  }
  for (int i = 0; i < 20000; ++i) {
    const std::size_t number = pick(8) == 0 ? pick(3) : pick(2);
    const unsigned level = std::array{0u, 0u, 0u, 1u, 2u}[pick(5)];
    const std::uint64_t base = std::array{0u, 4u << 9u, 1u << 18u}[level];
    const std::uint64_t page = base + pick(std::array{600u, 512u, 4096u}[level]);
    if (pick(30) == 0) {
      const std::uint64_t last = page + pick(50);
      const VirtAddr end{(last + 1) << 12u};
      ASSERT_EQ(spaces[number].mmu.flush(VirtAddr{page << 12u}, end),
                naive.flush(number, page, last));
      continue;
    }
    const bool execute = pick(4) == 0;
    const VirtAddr at{(page << 12u) + pick(4096)};
    const auto translated =
        spaces[number].mmu.translate(at, execute ? Access::Execute : Access::Write);
    naive.access(number, page, execute, level);
    ASSERT_TRUE(translated.ok());
    const std::uint64_t frame = level == 0 ? page + 2 : level == 1 ? 512 + page - base : page;
    ASSERT_EQ(translated.address().raw() >> 12u, frame);
    ASSERT_EQ(tlb.counters, naive.counters) << "step " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, TlbTest, testing::Range(0u, 20u));

}  // namespace
}  // namespace pagesim::hardware

namespace pagesim::test {
namespace {

constexpr std::size_t kWindow = 1200;

/// A machine with some TLB beside one that forgets every translation at once.
struct TlbChangesTest : testing::TestWithParam<unsigned> {
  std::mt19937 random{GetParam()};
  Machine with{config(), profile()}, without{MachineConfig{}, profile()};
  std::vector<std::pair<Task*, Task*>> tasks{{&with.boot(), &without.boot()}};
  std::uint64_t stamp = 0;

  std::size_t pick(std::size_t n) { return random() % n; }
  MachineConfig config() {
    MachineConfig config;
    config.tlb = hardware::any_geometry(random);
    return config;
  }
  static Profile profile() {
    Profile profile;
    profile.thp_enabled = kernel::ThpMode::Always;
    profile.swap = kernel::SwapDevice::Zram;
    return profile;
  }
  void step() {
    const auto [a, b] = tasks[pick(tasks.size())];
    const VirtAddr at = kFarAway + pick(pick(3) != 0 ? 30 : kWindow) * kPage;
    const std::size_t bytes = (1 + pick(pick(4) == 0 ? 600 : 20)) * kPage;
    const std::size_t what = pick(60);
    const std::uint64_t value = ++stamp;
    const std::size_t choice = pick(5);
    const auto act = [&](Machine& machine, Task& task) {
      change(machine, task, at, bytes, what, value, choice);
    };
    act(with, *a);
    without_cache(*b);
    act(without, *b);
    if (what == 0 && tasks.size() < 5) tasks.emplace_back(&with.fork(*a), &without.fork(*b));
  }
  void without_cache(Task& task) { task.process().mmu().flush_all(); }
  void change(Machine& machine, Task& task, VirtAddr at, std::size_t bytes, std::size_t what,
              std::uint64_t value, std::size_t choice) {
    const int prot = std::array{PROT_NONE, PROT_READ, kReadWrite, kReadWrite, kReadWrite}[choice];
    const int advice =
        std::array{MADV_DONTNEED, MADV_FREE, MADV_PAGEOUT, kMadvCollapse, MADV_COLD}[choice];
    if (what == 1) (void)task.mmap(at, bytes, prot, kPrivate | MAP_FIXED);
    if (what == 2) (void)task.munmap(at, bytes);
    if (what == 3) (void)task.mprotect(at, bytes, prot);
    if (what >= 4 && what < 7) (void)task.madvise(at, bytes, advice);
    if (what == 7)
      (void)task.mremap(at, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED,
                        kFarAway + (value * 7919 % kWindow) * kPage);
    if (what > 7) access(machine, task, at + value % 4000, value, choice);
  }
  void access(Machine& machine, Task& task, VirtAddr at, std::uint64_t value, std::size_t choice) {
    std::uint64_t loaded = 0;
    const SignalInfo signal = signal_of([&] {
      if (choice == 0) return task.exec(at);
      if (choice < 3) return task.store(at, value);
      loaded = task.load<std::uint64_t>(at);
    });
    (&machine == &with ? seen_with : seen_without) = {signal, loaded};
  }
  std::pair<SignalInfo, std::uint64_t> seen_with, seen_without;
};

TEST_P(TlbChangesTest, NobodyCanTellThatThereIsOne) {
  with.flushes().keep_records(true);
  for (Task* task : {tasks[0].first, tasks[0].second})
    (void)*task->mmap(kFarAway, kWindow * kPage, kReadWrite, kPrivate | MAP_FIXED);
  for (int i = 0; i < 1500; ++i) {
    ASSERT_NO_FATAL_FAILURE(step());
    ASSERT_EQ(seen_with, seen_without) << "step " << i;
    for (const auto& [a, b] : tasks) {
      ASSERT_TRUE(a->process().mmu().stale().empty()) << "step " << i;
      ASSERT_EQ(a->counters(), b->counters()) << "step " << i;
      ASSERT_EQ(a->rss(), b->rss()) << "step " << i;
    }
  }
  ASSERT_EQ(with.ledger().records().size(), without.ledger().records().size());
  for (std::size_t i = 0; i < with.ledger().records().size(); ++i) {
    EXPECT_EQ(with.ledger().records()[i].address, without.ledger().records()[i].address);
    EXPECT_EQ(with.ledger().records()[i].cause, without.ledger().records()[i].cause);
  }
  std::size_t stale = 0;
  for (const FlushRecord& flush : with.flushes().records()) {
    EXPECT_EQ(flush.stale_left, 0u);
    for (const DroppedTranslation& each : flush.dropped) stale += each.stale;
  }
  EXPECT_GT(stale, 5u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, TlbChangesTest, testing::Range(0u, 12u));

TEST(TlbFlushTest, EachChangeOfTheTablesIsCountedByWhatItAsked) {
  using kernel::FlushKind;
  using kernel::TableChange;
  World world;
  const auto asked = [&](TableChange change, FlushKind kind) {
    const auto& counts = world.machine.flushes().by_change()[static_cast<std::size_t>(change)];
    return counts.asked[static_cast<std::size_t>(kind)];
  };
  const VirtAddr at = world.map(100);
  for (std::size_t i = 0; i < 100; ++i) write(world.task, at + i * kPage);
  ASSERT_TRUE(world.task.mprotect(at, kPage, PROT_READ));
  EXPECT_EQ(asked(TableChange::Mprotect, FlushKind::Page), 1u);
  ASSERT_TRUE(world.task.mprotect(at, 33 * kPage, PROT_READ));
  EXPECT_EQ(asked(TableChange::Mprotect, FlushKind::Range), 1u);
  ASSERT_TRUE(world.task.mprotect(at, 100 * kPage, PROT_NONE));
  EXPECT_EQ(asked(TableChange::Mprotect, FlushKind::All), 1u);
  ASSERT_TRUE(world.task.munmap(at, 100 * kPage));
  EXPECT_EQ(asked(TableChange::Zap, FlushKind::All), 1u);
  EXPECT_EQ(asked(TableChange::FreeTables, FlushKind::All), 1u);
}

TEST(TlbFlushTest, RecordsNameTheTranslationsThatWentStale) {
  World world;
  const VirtAddr at = world.map(3);
  for (std::size_t i = 0; i < 3; ++i) write(world.task, at + i * kPage);
  const std::uint64_t frame = *world.task.frame_of(at + kPage);
  world.machine.flushes().keep_records(true);
  ASSERT_TRUE(world.task.madvise(at + kPage, kPage, MADV_DONTNEED));
  ASSERT_EQ(world.machine.flushes().records().size(), 1u);
  const FlushRecord& flush = world.machine.flushes().records()[0];
  EXPECT_EQ(to_string(flush.request.change), "zap");
  EXPECT_EQ(to_string(flush.request.kind), "page");
  ASSERT_EQ(flush.dropped.size(), 1u);
  EXPECT_EQ(flush.dropped[0].page, at + kPage);
  EXPECT_EQ(flush.dropped[0].frame, frame);
  EXPECT_TRUE(flush.dropped[0].stale);
  EXPECT_EQ(flush.stale_left, 0u);
}

}  // namespace
}  // namespace pagesim::test
