// Locks: whoever lets one go holds it, no call keeps one, and what a lock guards is written under
// it alone.
#include <array>
#include <deque>
#include <random>
#include <set>
#include <vector>

#include "tests/allocator/world.h"

namespace allocator::test {
namespace {

/// A simulated task's memory in which a lock must be held to be let go, and to write what it
/// guards.
struct GuardedMemory : pagesim::SimMemory {
  using pagesim::SimMemory::SimMemory;

  template <class T>
  void store(VirtAddr at, T value, AccessTag tag = {}) const {
    expect_guarded(at);
    SimMemory::store(at, value, tag);
  }
  void unlock(VirtAddr lock) const {
    EXPECT_TRUE(is_held(lock)) << "a lock is let go that nobody holds";
    SimMemory::unlock(lock);
  }
  [[nodiscard]] bool is_held(VirtAddr lock) const { return load<std::uint32_t>(lock) != 0; }

  static inline bool is_watching = false;  ///< from the second thread on
  static inline std::set<std::uint64_t> guarded_writes;

 private:
  /// Arenas' words are guarded by their lock, what links arenas by the list's.
  void expect_guarded(VirtAddr at) const {
    if (!is_watching) return;
    const VirtAddr lock = guard_of(at);
    if (lock.is_null()) return;
    guarded_writes.insert(lock.raw());
    EXPECT_TRUE(is_held(lock)) << "written without the lock: globals + " << at - globals();
  }
  [[nodiscard]] VirtAddr guard_of(VirtAddr at) const {
    const Params<GuardedMemory> par{*this};
    const std::size_t offset = at - globals();
    const auto within = [offset](std::size_t from, std::size_t to) {
      return offset >= kParamsAt + from && offset < kParamsAt + to;
    };
    if (within(96, 104) || within(112, 136)) return par.mmap_lock();  // kMmaps ... kMaxMmappedMem
    if (within(200, 232)) return par.list_lock();                     // kArenas ... kNextToUse
    if (within(232, 240)) return par.spare_lock();                    // kAlignedSpare
    const auto main = Arena<GuardedMemory>::main(*this);
    for (auto av = main;;) {
      const std::size_t word = at - av.at();
      if (word >= 2160 && word < 2184) return par.list_lock();  // kNext, kNextFree, kAttached
      if (word >= 4 && word < kArenaBytes) return av.lock_word();
      av = av.next();
      if (av == main) return {};
    }
  }
};
static_assert(MemoryBackend<GuardedMemory>);

class GuardedTest : public testing::Test {
 protected:
  using Heap = Malloc<GuardedMemory>;

  GuardedTest() {
    heap_.free(heap_.malloc(100));
    (void)new_thread().malloc(100);
    GuardedMemory::guarded_writes.clear();
    GuardedMemory::is_watching = true;
  }
  ~GuardedTest() override { GuardedMemory::is_watching = false; }

  [[nodiscard]] Heap new_thread() { return Heap{GuardedMemory{machine_.clone_thread(*task_)}}; }
  [[nodiscard]] std::vector<VirtAddr> locks() const {
    const Params<GuardedMemory> par{memory_};
    std::vector<VirtAddr> words{par.list_lock(), par.mmap_lock(), par.spare_lock()};
    const auto main = Arena<GuardedMemory>::main(memory_);
    auto av = main;
    do {
      words.push_back(av.lock_word());
      av = av.next();
    } while (av != main);
    return words;
  }
  void expect_all_free(const char* after) const {
    for (const VirtAddr lock : locks()) EXPECT_FALSE(memory_.is_held(lock)) << "after " << after;
  }
  /// More than a heap of an arena holds, and all of it given back.
  void overflow_a_heap(Heap thread) {
    std::vector<VirtAddr> blocks;
    for (std::size_t n = 0; n < Glibc236::kHeapMax * 9 / 4; n += 100'000) {
      blocks.push_back(thread.malloc(100'000));
    }
    expect_all_free("growth");
    while (!blocks.empty()) {
      thread.free(blocks.back());
      blocks.pop_back();
    }
    expect_all_free("a heap's end");
  }

  pagesim::Machine machine_;
  pagesim::Task* task_ = &machine_.boot();
  GuardedMemory memory_{*task_};
  Heap heap_{memory_};
};

TEST_F(GuardedTest, NoCallOfAnyThreadBreaksTheRules) {
  std::mt19937 random{1};
  const auto draw = [&random](std::size_t below) { return random() % below; };
  (void)heap_.mallopt(-8, 4);  // M_ARENA_MAX: more threads than arenas
  std::deque<Heap> threads{heap_};
  std::array<VirtAddr, 200> blocks{};
  for (int i = 0; i < 20'000; ++i) {
    const Heap thread = threads[draw(threads.size())];
    VirtAddr& block = blocks[draw(blocks.size())];
    const std::size_t n = draw(draw(20) == 0 ? 300'000 : 2'000);
    switch (draw(40)) {
      case 0:
        threads.push_back(new_thread());
        break;
      case 1:
        if (threads.size() < 4) break;
        threads[1].thread_exit();
        threads.erase(threads.begin() + 1);
        break;
      case 2:
        (void)thread.malloc_trim(0);
        (void)thread.mallinfo2();
        break;
      case 3:
        (void)thread.mallopt(1, static_cast<int>(draw(160)));  // M_MXFAST
        break;
      case 4:
        thread.free(block);
        block = thread.calloc(1, n);
        break;
      case 5:
        thread.free(block);
        block = thread.memalign(256, n);
        break;
      case 6:
      case 7:
      case 8:
        block = thread.realloc(block, n + 1);
        break;
      default:
        thread.free(block);
        block = draw(2) == 0 ? VirtAddr{} : thread.malloc(n);
    }
    ASSERT_FALSE(HasFailure()) << "operation " << i;
  }
  expect_all_free("all of it");
}

TEST_F(GuardedTest, HeapsComeAndGoUnderTheLockOfTheSpare) {
  for (int i = 0; i < 4; ++i) overflow_a_heap(new_thread());
  const VirtAddr spare = Params<GuardedMemory>{memory_}.spare_lock();
  EXPECT_TRUE(GuardedMemory::guarded_writes.contains(spare.raw())) << "there was never a spare";
}

/// Each use of the spare heeds who holds it: a new heap, and a heap's end.
TEST_F(GuardedTest, HeapsWaitForWhoeverHoldsTheSpare) {
  const VirtAddr lock = Params<GuardedMemory>{memory_}.spare_lock();
  memory_.lock(lock);
  EXPECT_THROW((void)new_thread().malloc(100), pagesim::ProgramAborted) << "a new heap did not";
}

TEST_F(GuardedTest, AHeapsEndWaitsForWhoeverHoldsTheSpare) {
  const Heap thread = new_thread();
  std::vector<VirtAddr> blocks;
  do {
    blocks.push_back(thread.malloc(30'000));
  } while (blocks.back().align_down(Glibc236::kHeapMax) ==
           blocks.front().align_down(Glibc236::kHeapMax));
  for (std::size_t i = 2; i < 9; ++i) thread.free(blocks[blocks.size() - i]);  // room before it
  memory_.lock(Params<GuardedMemory>{memory_}.spare_lock());
  EXPECT_THROW(thread.free(blocks.back()), pagesim::ProgramAborted);
}

TEST_F(GuardedTest, AMappingWaitsForWhoeverHoldsTheCounters) {
  const VirtAddr mapped = heap_.malloc(40u << 20);
  const VirtAddr lock = Params<GuardedMemory>{memory_}.mmap_lock();
  memory_.lock(lock);
  EXPECT_THROW((void)heap_.malloc(40u << 20), pagesim::ProgramAborted);
  EXPECT_THROW(heap_.free(mapped), pagesim::ProgramAborted);
}

TEST_F(GuardedTest, AThreadWithoutAnArenaWaitsWhenAllAreHeld) {
  (void)heap_.mallopt(-8, 2);  // M_ARENA_MAX: as many as there are
  const auto main = Arena<GuardedMemory>::main(memory_);
  memory_.lock(main.lock_word());
  memory_.lock(main.next().lock_word());
  EXPECT_THROW((void)new_thread().malloc(100), pagesim::ProgramAborted);
}

/// Mappings of a length are refused.
class Refusal final : public pagesim::SyscallFilter {
 public:
  int enter(const pagesim::SyscallEntry& entry) override {
    constexpr int kNoMemory = 12;  // ENOMEM
    return entry.call == pagesim::Syscall::Mmap && entry.arguments[1] >= length ? kNoMemory : 0;
  }
  void leave(const pagesim::SyscallEntry& /*entry*/, std::uint64_t /*result*/,
             int /*error*/) override {}
  std::size_t length = 0;
};

TEST_F(GuardedTest, ARefusedArenaLeavesNoLockHeldAndIsNotCounted) {
  Refusal refusal;
  refusal.length = Glibc236::kHeapMax;
  machine_.set_syscall_filter(&refusal);
  const std::uint64_t before = Params<GuardedMemory>{memory_}[Params<GuardedMemory>::kArenas];
  const VirtAddr block = new_thread().malloc(100);
  machine_.set_syscall_filter(nullptr);
  EXPECT_FALSE(block.is_null());
  EXPECT_EQ(Params<GuardedMemory>{memory_}[Params<GuardedMemory>::kArenas], before);
  expect_all_free("the refusal");
}

TEST_F(GuardedTest, AFullArenaIsLeftUnlockedForTheMainOne) {
  const Heap thread = new_thread();
  (void)thread.malloc(100);
  Refusal refusal;
  refusal.length = Glibc236::kHeapMax;
  machine_.set_syscall_filter(&refusal);
  const VirtAddr block = thread.malloc(Glibc236::kHeapMax + 4096);
  machine_.set_syscall_filter(nullptr);
  ASSERT_FALSE(block.is_null());
  EXPECT_EQ(Chunk<GuardedMemory>::of_user(memory_, block).head() & (kIsMmapped | kNonMainArena),
            0u);
  expect_all_free("the retry");
}

/// And the main one's for another.
TEST_F(GuardedTest, AFullMainArenaIsLeftUnlockedForAnother) {
  (void)heap_.mallopt(-4, 0);  // M_MMAP_MAX
  Refusal refusal;
  refusal.length = 1u << 20;
  machine_.set_syscall_filter(&refusal);
  EXPECT_TRUE(heap_.malloc(std::size_t{1} << 46).is_null());
  machine_.set_syscall_filter(nullptr);
  expect_all_free("the retry");
}

}  // namespace
}  // namespace allocator::test
