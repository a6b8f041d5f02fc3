// Depots of libfaultline.so's allocator: what a processor frees it takes again.
#include <vector>

#include "tests/allocator/world.h"

namespace allocator::test {
namespace {

/// A simulated task's memory that runs on the processor of this number.
struct PlacedMemory : pagesim::SimMemory {
  using pagesim::SimMemory::SimMemory;
  [[nodiscard]] static unsigned processor() { return number; }
  static inline unsigned number = 0;
};
static_assert(MemoryBackend<PlacedMemory>);

class DepotsTest : public testing::Test {
 protected:
  using Heap = FaultlineMalloc<PlacedMemory>;
  using Blocks = std::vector<VirtAddr>;
  static constexpr std::size_t kSize = 200;

  DepotsTest() { PlacedMemory::number = 0; }

  void become_one_of_two_threads() { thread_ = &machine_.clone_thread(task_); }
  [[nodiscard]] Heap heap() const { return Heap{PlacedMemory{*thread_}}; }
  [[nodiscard]] Blocks take(std::size_t count) const {
    Blocks blocks;
    for (std::size_t i = 0; i < count; ++i) blocks.push_back(heap().malloc(kSize));
    return blocks;
  }
  void give(const Blocks& blocks) const {
    for (const VirtAddr block : blocks) heap().free(block);
  }
  /// Processors 0 and 1 lay down a thousand blocks each.
  void give_by_both() {
    const Blocks first = take(1000);
    const Blocks second = take(1000);
    become_one_of_two_threads();
    give(first);
    PlacedMemory::number = 1;
    give(second);
  }
  [[nodiscard]] Depot<PlacedMemory> depot(std::size_t number) const {
    return {Arena<PlacedMemory>::main(PlacedMemory{*thread_}), number};
  }

  pagesim::Machine machine_;
  pagesim::Task& task_ = machine_.boot();
  pagesim::Task* thread_ = &task_;
};

TEST_F(DepotsTest, EachProcessorLaysDownInItsOwn) {
  const Blocks first = take(1000);
  const Blocks second = take(1000);
  become_one_of_two_threads();
  give(first);
  EXPECT_GT(depot(0).kept(), 100'000u);
  EXPECT_EQ(depot(1).kept(), 0u);
  PlacedMemory::number = 3;
  give(second);
  EXPECT_GT(depot(1).kept(), 100'000u);
}

TEST_F(DepotsTest, AProcessorTakesFromItsOwnFirst) {
  give_by_both();
  const std::size_t of_others = depot(0).kept();
  (void)take(500);
  EXPECT_EQ(depot(0).kept(), of_others);
  EXPECT_LT(depot(1).kept(), 150'000u);
}

TEST_F(DepotsTest, WithNoneOfItsOwnItTakesAllButALittleFromTheOther) {
  const Blocks blocks = take(1000);
  become_one_of_two_threads();
  give(blocks);
  PlacedMemory::number = 1;
  (void)take(1000);
  EXPECT_LE(depot(0).kept(), Faultline::kKeptByOthers);
  EXPECT_GT(depot(0).kept(), Faultline::kKeptByOthers / 2);
}

TEST_F(DepotsTest, ALoneThreadUsesTheFirstWhereverItRuns) {
  PlacedMemory::number = 1;
  give(take(1000));
  EXPECT_GT(depot(0).kept(), 100'000u);
  EXPECT_EQ(depot(1).kept(), 0u);
}

TEST_F(DepotsTest, BothAreMergedWhenTheArenaWouldHaveToGrow) {
  give_by_both();
  heap().free(heap().malloc(300'000));
  EXPECT_EQ(depot(0).kept() + depot(1).kept(), 0u);
}

TEST_F(DepotsTest, BlocksGoToTheDepotsOfTheirOwnArenas) {
  heap().mallopt(-8, 2);  // M_ARENA_MAX
  Blocks mixed;
  const Blocks of_main = take(1000);
  become_one_of_two_threads();
  const Blocks of_thread = take(1000);
  for (std::size_t i = 0; i < 1000; ++i) mixed.insert(mixed.end(), {of_main[i], of_thread[i]});
  give(mixed);
  const Depot<PlacedMemory> own{ThreadRecord<PlacedMemory>{PlacedMemory{*thread_}}.arena(), 0};
  ASSERT_NE(own.at(), depot(0).at());
  EXPECT_GT(own.kept(), 150'000u);
  EXPECT_GT(depot(0).kept(), 150'000u);
  EXPECT_TRUE(check_caches(PlacedMemory{*thread_}));
}

TEST_F(DepotsTest, ADepotThatCountsFewerThanItHasIsFoundBroken) {
  give(take(1000));
  const PlacedMemory memory{task_};
  EXPECT_TRUE(check_caches(memory));
  const VirtAddr kept = depot(0).at() + kSizeClasses * 8;
  memory.store<std::uint64_t>(kept, depot(0).kept() / 2, tag(Writer::ArenaRecord));
  EXPECT_FALSE(check_caches(memory));
}

}  // namespace
}  // namespace allocator::test
