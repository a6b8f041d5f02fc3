// Crowded arenas: a thread of libfaultline.so's allocator that waits for others goes elsewhere.
#include "tests/allocator/world.h"

namespace allocator::test {
namespace {

/// A simulated task's memory in which every so-manieth lock is found held by others.
struct CrowdedMemory : pagesim::SimMemory {
  using pagesim::SimMemory::SimMemory;

  [[nodiscard]] bool try_lock(VirtAddr lock) const {
    if (held_every != 0 && ++tries % held_every == 0) return false;
    return SimMemory::try_lock(lock);
  }
  static inline std::size_t held_every = 0;  ///< 0: none ever
  static inline std::size_t tries = 0;
};
static_assert(MemoryBackend<CrowdedMemory>);

class CrowdsTest : public testing::Test {
 protected:
  using Heap = FaultlineMalloc<CrowdedMemory>;

  CrowdsTest() { main_.free(main_.malloc(100)); }
  ~CrowdsTest() override { CrowdedMemory::held_every = 0; }

  /// A new thread makes so many pairs of calls.
  [[nodiscard]] bool leaves_the_arena(std::size_t size, std::size_t held_every,
                                      int pairs = 20'000) {
    const CrowdedMemory memory{machine_.clone_thread(task_)};
    const Heap thread{memory};
    thread.free(thread.malloc(size));
    const Arena<CrowdedMemory> first = ThreadRecord<CrowdedMemory>{memory}.arena();
    CrowdedMemory::held_every = held_every;
    for (int i = 0; i < pairs; ++i) thread.free(thread.malloc(size));
    CrowdedMemory::held_every = 0;
    return ThreadRecord<CrowdedMemory>{memory}.arena() != first;
  }

  [[nodiscard]] std::size_t arenas() const {
    const Params<CrowdedMemory> par{CrowdedMemory{task_}};
    return par[Params<CrowdedMemory>::kArenas];
  }
  [[nodiscard]] std::size_t policy_arenas() const {
    return Faultline::arenas_for(machine_.config().online_cpus);
  }

  pagesim::Machine machine_;
  pagesim::Task& task_ = machine_.boot();
  Heap main_{CrowdedMemory{task_}};
};

TEST_F(CrowdsTest, AThreadThatOftenWaitsForItsArenaGoesToAnother) {
  EXPECT_TRUE(leaves_the_arena(30'000, 4));
}

TEST_F(CrowdsTest, AThreadThatWaitsNowAndThenStays) { EXPECT_FALSE(leaves_the_arena(30'000, 50)); }

TEST_F(CrowdsTest, AThreadThatTakesBlocksFromItsListsStays) {
  EXPECT_FALSE(leaves_the_arena(100, 2));
}

TEST_F(CrowdsTest, NoArenaIsMadeBeyondTheProgramsLimit) {
  main_.mallopt(-8, 1);  // M_ARENA_MAX
  EXPECT_FALSE(leaves_the_arena(30'000, 4));
}

TEST_F(CrowdsTest, AThreadAloneInItsArenaStays) {
  const CrowdedMemory memory{machine_.clone_thread(task_)};
  const Heap thread{memory};
  CrowdedMemory::held_every = 4;
  for (int i = 0; i < 100'000; ++i) thread.free(thread.malloc(30'000));
  EXPECT_EQ(arenas(), 2u);
}

TEST_F(CrowdsTest, WhereOneLeftACrowdOthersLeaveSooner) {
  EXPECT_FALSE(leaves_the_arena(30'000, 4, 4'000));
  EXPECT_TRUE(leaves_the_arena(30'000, 4));
  EXPECT_TRUE(leaves_the_arena(30'000, 4, 4'000));
}

TEST_F(CrowdsTest, EachThatLeavesHasAnArenaMadeUpToTheNumberThatGlibcMakes) {
  for (std::size_t thread = 0; thread < 6; ++thread) {
    EXPECT_EQ(arenas(), thread == 0 ? 1 : policy_arenas() + thread);
    (void)leaves_the_arena(30'000, 4);
  }
  const std::size_t most = Glibc236::arenas_for(machine_.config().online_cpus);
  for (std::size_t thread = 6; thread < most + 2; ++thread) {
    (void)leaves_the_arena(30'000, 2, 1'000);
  }
  EXPECT_EQ(arenas(), most);
}

}  // namespace
}  // namespace allocator::test
