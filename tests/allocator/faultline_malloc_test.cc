// What libfaultline.so's allocator does beside ptmalloc's: magazines, depots and late merging.
#include <array>
#include <vector>

#include "tests/allocator/world.h"

namespace allocator::test {
namespace {

TEST(SizeClassTest, EveryChunkSizeIsKeptInOneClassAndServedByOneNotSmaller) {
  for (std::size_t n = kMinSize; n <= kMaxClassed; n += kAlignment) {
    const ChunkSize size = ChunkSize::of(n);
    const std::size_t keeping = class_keeping(size);
    const std::size_t serving = class_serving(size);
    ASSERT_LT(serving, kSizeClasses) << n;
    ASSERT_LE(bytes(class_size(keeping)), n);
    ASSERT_GE(bytes(class_size(serving)), n);
    ASSERT_LE(serving - keeping, 1u) << n;
    ASSERT_EQ(serving == keeping, bytes(class_size(keeping)) == n) << n;
  }
}

TEST(SizeClassTest, RequestsOfPowersOfTwoHaveClassesOfTheirOwnSize) {
  for (std::size_t n = 32; n <= 8192; n *= 2) {
    const ChunkSize size = padded_size(n);
    EXPECT_EQ(class_size(class_serving(size)), size) << n;
  }
}

template <class World>
class FaultlineMallocTest : public WorldTest<World> {
 protected:
  using Blocks = std::vector<VirtAddr>;
  using Heap = Core<typename World::Memory, Faultline>;

  Blocks take(std::size_t count, std::size_t n) {
    Blocks blocks;
    for (std::size_t i = 0; i < count; ++i) blocks.push_back(this->heap_.malloc(n));
    return blocks;
  }
  void give(const Blocks& blocks) {
    for (const VirtAddr block : blocks) this->heap_.free(block);
  }
  [[nodiscard]] Arena<typename World::Memory> main() const {
    return Arena<typename World::Memory>::main(this->memory_);
  }
  [[nodiscard]] std::size_t in_depot() const { return depot_bytes(main()); }
};
TYPED_TEST_SUITE(FaultlineMallocTest, Worlds);

TYPED_TEST(FaultlineMallocTest, ABlockFreedIsTheNextOfItsSize) {
  const VirtAddr p = this->heap_.malloc(100);
  this->heap_.free(p);
  EXPECT_EQ(this->heap_.malloc(97), p);
  this->heap_.free(p);
}

TYPED_TEST(FaultlineMallocTest, ABlockFreedServesALargeRequestThatItFits) {
  const VirtAddr p = this->heap_.malloc(3000);
  this->heap_.free(p);
  EXPECT_EQ(this->heap_.malloc(2990), p);
  this->heap_.free(p);
}

TYPED_TEST(FaultlineMallocTest, WhatOverflowsTheListsGoesToTheDepotAndComesBack) {
  const auto blocks = this->take(2000, 200);
  this->give(blocks);
  EXPECT_GT(this->in_depot(), 100'000u);
  const std::size_t system_mem = this->main().system_mem();
  this->give(this->take(2000, 200));
  EXPECT_EQ(this->main().system_mem(), system_mem);
}

TYPED_TEST(FaultlineMallocTest, BlocksOfTwoKiBComeBackFromTheDepotWithoutBeingMerged) {
  this->give(this->take(500, 2048));
  const std::size_t kept = this->in_depot();
  EXPECT_GT(kept, 400 * 2048u);
  const auto half = this->take(250, 2048);
  EXPECT_GT(this->in_depot(), kept / 4);
  EXPECT_LT(this->in_depot(), kept * 3 / 4);
  this->give(half);
}

TYPED_TEST(FaultlineMallocTest, TheDepotIsMergedRatherThanTheHeapGrown) {
  this->give(this->take(5000, 200));
  const std::size_t system_mem = this->main().system_mem();
  const auto larger = this->take(1000, 600);
  EXPECT_LE(this->main().system_mem(), system_mem + Glibc236::kTopPad);
  this->give(larger);
}

TYPED_TEST(FaultlineMallocTest, TrimMergesTheDepotAndGivesTheTopBack) {
  this->give(this->take(5000, 1000));
  EXPECT_EQ(this->heap_.malloc_trim(0), 1);
  EXPECT_EQ(this->in_depot(), 0u);
}

using FaultlineMallocInAFreshProcess = FaultlineMallocTest<SimulatedWorld>;
TEST_F(FaultlineMallocInAFreshProcess, WhatWasTrimmedAndTakenAgainIsTrimmedNoMore) {
  const auto system_mem_after_a_peak = [&] {
    this->give(this->take(100, 100'000));
    return this->main().system_mem();
  };
  EXPECT_LT(system_mem_after_a_peak(), 5'000'000u);
  EXPECT_GT(system_mem_after_a_peak(), 9'000'000u);
  EXPECT_GT(system_mem_after_a_peak(), 9'000'000u);
}

TEST_F(FaultlineMallocInAFreshProcess, WithoutRetentionWhatWasTrimmedIsTrimmedAgain) {
  EXPECT_EQ(heap_.mallopt(kKnobRetain.parameter, 0), 1);
  heap_.mallopt(kKnobHuge.parameter, 0);  // else what is kept is up to a huge page
  for (int peak = 0; peak < 3; ++peak) {
    give(take(100, 100'000));
    EXPECT_LT(main().system_mem(), 300'000u);
  }
}

TEST_F(FaultlineMallocInAFreshProcess, WithoutListsAThreadKeepsTwoBlocksOfAClass) {
  heap_.mallopt(kKnobLists.parameter, 0);
  give(take(10, 200));
  EXPECT_EQ(in_depot(), 8 * 208u);
}

TEST_F(FaultlineMallocInAFreshProcess, AnArenaThatGrowsTakesWhatTheThreadKeeps) {
  heap_.mallopt(kKnobDepot.parameter, 0);
  const auto small = take(300, 200);
  give(take(600, 100));
  EXPECT_GT(Heap::cached_bytes(memory_), 0u);
  const VirtAddr large = heap_.malloc(200'000);
  EXPECT_EQ(Heap::cached_bytes(memory_) + in_depot(), 0u);
  give(small);
  heap_.free(large);
}

/// The machine's setting is madvise; each block is written to in every page.
TEST_F(FaultlineMallocInAFreshProcess, AnArenaOfSomeMebibytesGrowsByHugePages) {
  const auto faults_of_filling = [&](std::uint64_t huge) {
    SimulatedWorld world;
    const FaultlineMalloc<SimulatedWorld::Memory> heap{world.memory()};
    heap.mallopt(kKnobHuge.parameter, static_cast<int>(huge));
    for (int i = 0; i < 2000; ++i) {
      world.memory().fill(heap.malloc(8'000), 1, 8'000, tag(Writer::User));
    }
    return world.task().machine().ledger().records().size();
  };
  EXPECT_GT(faults_of_filling(0), 3'900u);
  EXPECT_LT(faults_of_filling(Faultline::kHugeFrom), 1'600u);
}

/// A process of its own that fills the first bytes of blocks, and what it took.
class Filling {
 public:
  explicit Filling(std::uint64_t huge) {
    heap_.mallopt(kKnobHuge.parameter, static_cast<int>(huge));
  }
  void fill(int blocks, std::size_t size, std::size_t filled) {
    for (int i = 0; i < blocks; ++i) {
      world_.memory().fill(heap_.malloc(size), 1, filled, tag(Writer::User));
    }
  }
  [[nodiscard]] std::int64_t peak_rss() { return world_.task().peak_rss(); }
  [[nodiscard]] std::size_t faults() { return world_.task().machine().ledger().records().size(); }

 private:
  SimulatedWorld world_;
  FaultlineMalloc<SimulatedWorld::Memory> heap_{world_.memory()};
};

TEST(FaultlineHugePagesTest, ComeWithNoMoreThanAThirdMoreMemoryWhateverPartOfItsBlocksIsFilled) {
  for (const std::size_t size : {9'000, 50'000, 200'000, 1'000'000}) {
    for (std::size_t tenths = 0; tenths <= 10; tenths += 2) {
      const auto peak = [&](std::uint64_t huge) {
        Filling program{huge};
        program.fill(static_cast<int>(24'000'000 / size), size, size / 10 * tenths);
        return program.peak_rss();
      };
      constexpr std::int64_t kPart = 2 << 20;  // of the last huge page
      EXPECT_LE(peak(Faultline::kHugeFrom), peak(0) * 4 / 3 + kPart) << size << ' ' << tenths;
    }
  }
}

TEST(FaultlineHugePagesTest, ServeNoFreshBlockOfCalloc) {
  SimulatedWorld world;
  const FaultlineMalloc<SimulatedWorld::Memory> heap{world.memory()};
  constexpr std::size_t kBytes = 40 << 20;
  const VirtAddr table = heap.calloc(kBytes, 1);
  for (std::size_t at = 0; at < kBytes; at += 1 << 16) {
    world.memory().store(table + at, std::uint64_t{1}, tag(Writer::User));
  }
  constexpr std::int64_t kEnds = 4 << 20;  // huge pages that it shares
  EXPECT_LT(world.task().peak_rss(), (kBytes >> 4) + kEnds);
}

TEST(FaultlineHugePagesTest, ComeToAnArenaWhoseBlocksAreFilledFromSomeTimeOn) {
  const auto faults = [](std::uint64_t huge) {
    Filling program{huge};
    program.fill(100, 100'000, 1'000);
    const std::size_t before = program.faults();
    program.fill(300, 100'000, 100'000);
    return program.faults() - before;
  };
  EXPECT_GT(faults(0), 7'000u);
  EXPECT_LT(faults(Faultline::kHugeFrom), 2'000u);
}

TYPED_TEST(FaultlineMallocTest, AFreeOfTheBlockFreedLastIsCaught) {
  const VirtAddr p = this->heap_.malloc(40);
  this->heap_.free(p);
  this->world_.expect_abort([&] { this->heap_.free(p); },
                            "free(): double free detected in tcache 2");
}

TYPED_TEST(FaultlineMallocTest, AMisalignedPointerIsCaught) {
  const VirtAddr p = this->heap_.malloc(40);
  this->world_.expect_abort([&] { this->heap_.free(p + 8); }, "free(): invalid pointer");
}

TYPED_TEST(FaultlineMallocTest, AThreadsEndLeavesItsBlocksInTheDepot) {
  const VirtAddr p = this->heap_.malloc(72);
  this->heap_.free(p);
  this->heap_.thread_exit();
  EXPECT_GE(this->in_depot(), 80u);
}

}  // namespace
}  // namespace allocator::test
