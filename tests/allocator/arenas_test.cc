// Threads: which arena each one uses, what they leave behind, and that they do not disturb each
// other.
#include "allocator/arenas.h"

#include <array>
#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include "tests/allocator/world.h"

namespace allocator::test {
namespace {

constexpr std::size_t kHeapSpan = Glibc236::kHeapMax;

class SimulatedThreadsTest : public WorldTest<SimulatedWorld> {
 protected:
  using Heap = Malloc<pagesim::SimMemory>;

  [[nodiscard]] Heap new_thread() {
    return Heap{pagesim::SimMemory{world_.task().machine().clone_thread(world_.task())}};
  }
  /// The first byte of the heap that a new thread's first block lies in; null: the main arena's.
  [[nodiscard]] static VirtAddr heap_of(VirtAddr user, VirtAddr main_block) {
    const VirtAddr span = user.align_down(kHeapSpan);
    return span == main_block.align_down(kHeapSpan) ? VirtAddr{} : span;
  }
  VirtAddr main_block_ = heap_.malloc(100);
};

TEST_F(SimulatedThreadsTest, EachGetsAnArenaUntilThereAreEightForEachCpu) {
  const std::size_t limit = 8 * memory_.online_cpus();
  std::set<VirtAddr> heaps;
  for (std::size_t i = 1; i < limit; ++i) {
    const VirtAddr heap = heap_of(new_thread().malloc(100), main_block_);
    ASSERT_FALSE(heap.is_null()) << i;
    ASSERT_TRUE(heaps.insert(heap).second) << "thread " << i << " shares an arena";
  }
  EXPECT_TRUE(heap_of(new_thread().malloc(100), main_block_).is_null());
  EXPECT_FALSE(heaps.insert(heap_of(new_thread().malloc(100), main_block_)).second);
}

TEST_F(SimulatedThreadsTest, AnArenaMaxOfTwoIsShared) {
  heap_.mallopt(-8, 2);  // M_ARENA_MAX
  const VirtAddr first = heap_of(new_thread().malloc(100), main_block_);
  EXPECT_FALSE(first.is_null());
  EXPECT_TRUE(heap_of(new_thread().malloc(100), main_block_).is_null());
  EXPECT_EQ(heap_of(new_thread().malloc(100), main_block_), first);
}

TEST_F(SimulatedThreadsTest, TheLastArenaLeftIsTheFirstFoundAgain) {
  const Heap a = new_thread();
  const Heap b = new_thread();
  const VirtAddr heap_a = heap_of(a.malloc(100), main_block_);
  const VirtAddr heap_b = heap_of(b.malloc(100), main_block_);
  a.thread_exit();
  b.thread_exit();
  EXPECT_EQ(heap_of(new_thread().malloc(100), main_block_), heap_b);
  EXPECT_EQ(heap_of(new_thread().malloc(100), main_block_), heap_a);
}

TEST_F(SimulatedThreadsTest, AThreadsEndGivesItsCacheBack) {
  const Heap thread = new_thread();
  std::array<VirtAddr, 7> chunks;
  for (VirtAddr& p : chunks) p = thread.malloc(500);
  for (const VirtAddr p : chunks) thread.free(p);
  thread.thread_exit();
  const Mallinfo2 info = heap_.mallinfo2();
  thread.free(thread.malloc(500));  // works without a cache
  EXPECT_EQ(heap_.mallinfo2().uordblks, info.uordblks);
}

TEST_F(SimulatedThreadsTest, AFullArenaIsHelpedOutByTheMainOne) {
  heap_.mallopt(-4, 0);  // M_MMAP_MAX
  const Heap thread = new_thread();
  (void)thread.malloc(100);
  const VirtAddr large = thread.malloc(kHeapSpan + 4096);
  ASSERT_FALSE(large.is_null());
  EXPECT_TRUE((head(large) & kIsMmapped) != 0 || (head(large) & kNonMainArena) == 0);
  thread.free(large);
}

TEST_F(SimulatedThreadsTest, OnlyTheForkingThreadKeepsItsArenaInTheChild) {
  const Heap thread = new_thread();
  const VirtAddr heap = heap_of(thread.malloc(100), main_block_);
  heap_.before_fork();
  pagesim::Task& child_task = world_.task().machine().fork(world_.task());
  heap_.after_fork_in_parent();
  const Heap child{pagesim::SimMemory{child_task}};
  child.after_fork_in_child();
  EXPECT_TRUE(heap_of(child.malloc(100), main_block_).is_null());
  const Heap grandchild{pagesim::SimMemory{child_task.machine().clone_thread(child_task)}};
  EXPECT_EQ(heap_of(grandchild.malloc(100), main_block_), heap);
}

/// Every lock there is, in a process with an arena besides the main one.
class SimulatedLocksTest : public SimulatedThreadsTest {
 protected:
  [[nodiscard]] std::vector<VirtAddr> locks() const {
    const Params<Memory> par{memory_};
    std::vector<VirtAddr> words{par.list_lock(), par.mmap_lock(), par.spare_lock()};
    const auto main = Arena<Memory>::main(memory_);
    auto av = main;
    do {
      words.push_back(av.lock_word());
      av = av.next();
    } while (av != main);
    return words;
  }
  [[nodiscard]] static bool is_held(Memory memory, VirtAddr lock) {
    return memory.load<std::uint32_t>(lock) != 0;
  }
  void SetUp() override { (void)new_thread().malloc(100); }
};

TEST_F(SimulatedLocksTest, AForkWaitsForWhoeverHoldsALock) {
  for (const VirtAddr lock : locks()) {
    memory_.lock(lock);
    EXPECT_THROW(heap_.before_fork(), pagesim::ProgramAborted) << "it took no heed of a lock";
    for (const VirtAddr taken : locks()) {
      if (is_held(memory_, taken)) memory_.unlock(taken);
    }
  }
}

TEST_F(SimulatedLocksTest, AForkHoldsEveryLockAndLeavesNone) {
  heap_.before_fork();
  for (const VirtAddr lock : locks()) EXPECT_TRUE(is_held(memory_, lock));
  pagesim::Task& child_task = world_.task().machine().fork(world_.task());
  heap_.after_fork_in_parent();
  const pagesim::SimMemory child{child_task};
  Heap{child}.after_fork_in_child();
  for (const VirtAddr lock : locks()) {
    EXPECT_FALSE(is_held(memory_, lock));
    EXPECT_FALSE(is_held(child, lock));
  }
}

TEST_F(SimulatedLocksTest, NoCallLeavesALockHeld) {
  const Heap thread = new_thread();
  const auto expect_free = [&](const char* after) {
    for (const VirtAddr lock : locks()) EXPECT_FALSE(is_held(memory_, lock)) << "after " << after;
  };
  const VirtAddr mapped = thread.malloc(40u << 20);
  expect_free("mmap");
  thread.free(mapped);
  expect_free("munmap");
  VirtAddr p = thread.memalign(4096, 5000);
  expect_free("memalign");
  p = thread.realloc(thread.realloc(p, 9000), 100'000);
  expect_free("realloc");
  thread.free(p);
  expect_free("free");
  thread.free(thread.calloc(3, 700));
  expect_free("calloc");
  (void)thread.malloc_trim(0);
  expect_free("malloc_trim");
  (void)thread.mallopt(-6, 0);
  expect_free("mallopt");
  (void)thread.mallinfo2();
  expect_free("mallinfo2");
  thread.thread_exit();
  expect_free("a thread's end");
}

/// Threads of this process pass stamped blocks to each other and free what they get.
TEST(RealThreadsTest, KeepEachOthersBytes) {
  constexpr int kThreads = 4;
  constexpr int kCalls = 40'000;
  std::array<std::atomic<std::uint64_t>, 64> mailbox{};
  std::atomic<int> damaged = 0;
  const auto work = [&](unsigned seed) {
    const RealMemory memory;
    const Malloc<RealMemory> own{memory};
    std::uint64_t state = seed;
    for (int i = 0; i < kCalls; ++i) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      const std::size_t n = 16 + (state >> 33) % ((state >> 20) % 50 == 0 ? 200'000 : 1500);
      const VirtAddr mine = (state >> 60) == 0 ? own.calloc(1, n) : own.malloc(n);
      memory.store<std::uint64_t>(mine, mine.raw(), {});
      memory.store<std::uint64_t>(mine + 8, ~mine.raw(), {});
      const VirtAddr theirs{mailbox[(state >> 40) % mailbox.size()].exchange(mine.raw())};
      if (theirs.is_null()) continue;
      if (memory.load<std::uint64_t>(theirs, {}) != theirs.raw()) ++damaged;
      if (memory.load<std::uint64_t>(theirs + 8, {}) != ~theirs.raw()) ++damaged;
      own.free(theirs);
    }
    own.thread_exit();
  };
  const Malloc<RealMemory> heap{RealMemory{}};
  heap.free(heap.malloc(1));  // the first call comes before the first thread, as in any program
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (unsigned i = 0; i < kThreads; ++i) threads.emplace_back(work, i + 1);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(damaged, 0);
  for (const auto& left : mailbox) heap.free(VirtAddr{left});
  const HeapCheck found = check_heap(RealMemory{});
  EXPECT_TRUE(found) << found.broken;
}

}  // namespace
}  // namespace allocator::test
