// The picture of a simulated heap holds every chunk, in the state that the calls left it in.
#include "tools/heap/reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include <map>
#include <random>
#include <set>

#include "allocator/malloc.h"
#include "pagesim/machine.h"
#include "pagesim/sim_memory.h"
#include "tools/heap/peek_memory.h"

namespace tools::heap {
namespace {

using Memory = pagesim::SimMemory;
using Heap = allocator::Malloc<Memory>;
using testing::IsEmpty;

bool in_use(const Chunk& chunk) {
  return chunk.state == ChunkState::InUse || chunk.state == ChunkState::Mmapped;
}
bool listed(const Chunk& chunk) { return is_free(chunk.state) && chunk.state != ChunkState::Top; }

/// Random calls of two threads and a program that moves the break itself.
class ReaderTest : public testing::Test {
 protected:
  struct Habits {
    bool threads = false;
    bool foreign_sbrk = false;
    bool refuse_break = false;
  };

  void run(unsigned seed, int calls, Habits habits) {
    random_.seed(seed);
    pagesim::Task* const second = habits.threads ? &machine_.clone_thread(task_) : nullptr;
    for (int i = 0; i < calls && !HasFailure(); ++i) {
      pagesim::Task& task = second != nullptr && random_() % 2 == 0 ? *second : task_;
      step(Heap{Memory{task}});
      if (habits.foreign_sbrk && random_() % 256 == 0) move_break();
      if (i % 64 == 0) check(i);
    }
  }

  void step(const Heap& heap) {
    switch (random_() % 12) {
      case 0:
      case 1:
      case 2:
      case 3:
        return keep(heap.malloc(size()));
      case 4:
        return keep(heap.memalign(std::size_t{16} << (random_() % 10), size()));
      case 5:
        return resize(heap);
      case 6:
        if (random_() % 32 == 0) heap.malloc_trim(0);
        return;
      default:
        return release(heap);
    }
  }
  std::size_t size() { return random_() % (std::size_t{2} << (random_() % 18)); }
  void keep(VirtAddr p) {
    ASSERT_FALSE(p.is_null());
    live_.insert(p);
  }
  void resize(const Heap& heap) {
    if (live_.empty()) return;
    const VirtAddr p = any();
    live_.erase(p);
    keep(heap.realloc(p, size() + 1));
  }
  void release(const Heap& heap) {
    if (live_.empty()) return;
    const VirtAddr p = any();
    live_.erase(p);
    heap.free(p);
  }
  VirtAddr any() {
    return *std::next(live_.begin(), static_cast<std::ptrdiff_t>(random_() % live_.size()));
  }
  /// As a program that calls sbrk itself, and writes there.
  void move_break() {
    const VirtAddr at = Memory{task_}.sbrk(static_cast<std::ptrdiff_t>(random_() % 9000));
    task_.touch(at, 1, pagesim::Access::Write);
  }

  void check(int call) {
    SCOPED_TRACE(call);
    const auto before = task_.counters();
    const HeapPicture picture = read_heap(PeekMemory{task_});
    EXPECT_EQ(before.minor, task_.counters().minor);
    ASSERT_FALSE(picture.broken.has_value()) << picture.broken->rule;
    check_tiling(picture);
    check_lists(picture);
    check_live(picture);
  }
  static void check_tiling(const HeapPicture& picture) {
    VirtAddr below;
    for (const Region& region : picture.regions) {
      ASSERT_LE(below, region.begin);
      below = region.end;
      VirtAddr at = region.mapped ? region.chunks.front().at : region.begin;
      for (const Chunk& chunk : region.chunks) {
        ASSERT_EQ(chunk.at, at);
        at += chunk.size;
      }
      ASSERT_EQ(at, region.end);
      const ChunkState last = region.chunks.back().state;
      ASSERT_TRUE(last == ChunkState::Top || last == ChunkState::Fence ||
                  last == ChunkState::Mmapped);
    }
  }
  static void check_lists(const HeapPicture& picture) {
    std::map<VirtAddr, const List*> members;
    for (const List& list : picture.lists) {
      for (const VirtAddr chunk : list.chunks) ASSERT_TRUE(members.emplace(chunk, &list).second);
    }
    for (const Region& region : picture.regions) {
      for (const Chunk& chunk : region.chunks) {
        const auto member = members.find(chunk.at);
        ASSERT_EQ(listed(chunk), member != members.end()) << to_string(chunk.state);
        if (member == members.end()) continue;
        ASSERT_EQ(chunk.number, member->second->number);
        members.erase(member);
      }
    }
    EXPECT_THAT(members, IsEmpty());
  }
  void check_live(const HeapPicture& picture) const {
    std::set<VirtAddr> users;
    for (const Region& region : picture.regions) {
      for (const Chunk& chunk : region.chunks) {
        if (in_use(chunk)) users.insert(chunk.user());
      }
    }
    EXPECT_EQ(users, live_);
  }

  pagesim::Machine machine_;
  pagesim::Task& task_ = machine_.boot();
  std::mt19937_64 random_;
  std::set<VirtAddr> live_;
};

TEST_F(ReaderTest, IsEmptyBeforeTheFirstCall) {
  const HeapPicture picture = read_heap(PeekMemory{task_});
  EXPECT_FALSE(picture.initialized);
  EXPECT_THAT(picture.regions, IsEmpty());
}

TEST_F(ReaderTest, ShowsEveryBlockOfOneThread) {
  for (const unsigned seed : {1u, 2u, 3u}) run(seed, 3000, {});
}

TEST_F(ReaderTest, ShowsEveryBlockOfTwoThreadsArenas) {
  for (const unsigned seed : {4u, 5u}) run(seed, 3000, {.threads = true});
}

TEST_F(ReaderTest, FindsWhatLiesBehindMemoryOfSomebodyElse) {
  for (const unsigned seed : {6u, 7u, 8u}) run(seed, 3000, {.foreign_sbrk = true});
}

TEST_F(ReaderTest, FindsMappedChunksThatAreAligned) {
  const Heap heap{Memory{task_}};
  for (const std::size_t alignment : {32u, 4096u, 65536u}) keep(heap.memalign(alignment, 1 << 20));
  check(0);
}

TEST_F(ReaderTest, ReadsSwappedPages) {
  machine_.profile().swap = pagesim::kernel::SwapDevice::Disk;
  const Heap heap{Memory{task_}};
  for (int i = 0; i < 100; ++i) keep(heap.malloc(1000));
  const VirtAddr first = live_.begin()->align_down(4096);
  ASSERT_TRUE(task_.swapout(first, 65536));
  ASSERT_EQ(task_.page_state(first), pagesim::PageState::Swap);
  check(0);
  EXPECT_EQ(task_.page_state(first), pagesim::PageState::Swap);
}

TEST_F(ReaderTest, StopsAtTheFirstBrokenChunkAndNamesItsRule) {
  const Heap heap{Memory{task_}};
  for (int i = 0; i < 10; ++i) keep(heap.malloc(100));
  const VirtAddr fifth = *std::next(live_.begin(), 4);
  task_.store<std::uint64_t>(fifth - 8, 0x4141414141414141);
  const HeapPicture picture = read_heap(PeekMemory{task_});
  ASSERT_TRUE(picture.broken.has_value());
  EXPECT_EQ(picture.broken->rule, "a header is bad");
  EXPECT_EQ(picture.broken->at, fifth - 16);
  const Chunk& last = picture.regions.front().chunks.back();
  EXPECT_EQ(last.state, ChunkState::Broken);
  EXPECT_EQ(last.at, fifth - 16);
  EXPECT_EQ(picture.regions.front().chunks.size(), 6u);  // the cache's block, four, this one
}

TEST_F(ReaderTest, SurvivesAnyWordOfTheHeapBeingOverwritten) {
  run(9, 1000, {});
  for (int i = 0; i < 300; ++i) {
    const VirtAddr at = (any() + 8 * (random_() % 8)) - 16;
    std::uint64_t before = 0;
    if (!task_.peek(at, &before, 8)) continue;
    task_.store<std::uint64_t>(at, random_() >> (random_() % 64));
    const HeapPicture picture = read_heap(PeekMemory{task_});
    for (const Region& region : picture.regions) EXPECT_FALSE(region.chunks.empty());
    task_.store<std::uint64_t>(at, before);
  }
  check(0);
}

}  // namespace
}  // namespace tools::heap
