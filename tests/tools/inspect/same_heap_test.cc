// Random calls on the simulated machine and on this one: the heaps that they leave are the same,
// chunk by chunk and page by page. INSPECT_SEEDS: how many programs; INSPECT_SEED: the first.
#include <gnu/libc-version.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <set>

#include "allocator/malloc.h"
#include "pagesim/machine.h"
#include "pagesim/sim_memory.h"
#include "tests/tools/inspect/subject.h"
#include "tools/heap/peek_memory.h"
#include "tools/heap/reader.h"
#include "tools/inspect/inspection.h"

namespace tools::inspect {
namespace {

using heap::Chunk;
using heap::HeapPicture;

/// child.c's program, on the simulated machine.
class SimulatedChild {
 public:
  SimulatedChild(std::uint64_t seed, unsigned operations)
      : random_{88172645463325252u + seed * 7919} {
    for (unsigned i = 0; i < operations; ++i) step();
  }
  [[nodiscard]] HeapPicture picture() const { return heap::read_heap(heap::PeekMemory{task_}); }
  [[nodiscard]] PageState page(VirtAddr at) const { return task_.page_state(at); }

 private:
  std::uint64_t next() {
    random_ ^= random_ << 13;
    random_ ^= random_ >> 7;
    random_ ^= random_ << 17;
    return random_;
  }
  void step() {
    VirtAddr& block = blocks_[next() % blocks_.size()];
    const allocator::Malloc heap{pagesim::SimMemory{task_}};
    if (!block.is_null()) {
      if (next() % 4 == 0) return;
      heap.free(block);
      block = VirtAddr{};
      return;
    }
    const std::size_t bound = std::size_t{2} << (next() % 18);
    const std::size_t size = next() % bound;
    block = next() % 16 == 0 ? heap.memalign(std::size_t{16} << (next() % 9), size + 1)
                             : heap.malloc(size + 1);
    task_.touch(block, 1, pagesim::Access::Write);
  }

  pagesim::Machine machine_;
  pagesim::Task& task_ = machine_.boot();
  std::uint64_t random_;
  std::array<VirtAddr, 2000> blocks_{};
};

/// The main arena's chunks, from the heap's first byte on; and the sizes of mapped ones.
struct ChunkMap {
  std::vector<std::array<std::uint64_t, 5>> chunks;
  std::multiset<std::uint64_t> mapped;
  VirtAddr begin;
  VirtAddr end;

  explicit ChunkMap(const HeapPicture& picture) {
    for (const heap::Region& region : picture.regions) {
      if (region.mapped) {
        mapped.insert(region.chunks.front().size);
        continue;
      }
      begin = region.begin;
      end = region.end;
      for (const Chunk& chunk : region.chunks) {
        chunks.push_back({chunk.at - begin, chunk.size, chunk.flags,
                          static_cast<std::uint64_t>(chunk.state), chunk.number});
      }
    }
  }
};

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// A page of the simulated machine and the same one of this machine.
void expect_same_pages(const SimulatedChild& simulated, const ChunkMap& ours,
                       const Snapshot& snapshot, const ChunkMap& theirs) {
  for (std::size_t at = 0; at < ours.end - ours.begin; at += kPage) {
    const PageState real = snapshot.page(theirs.begin + at);
    if (real == PageState::Huge) return;  // the machine is set to give huge pages unasked
    ASSERT_EQ(to_string(simulated.page(ours.begin + at)), to_string(real)) << "heap+" << at;
  }
}

TEST(SameHeapTest, ChunksListsAndPagesAreThoseOfGlibc) {
  if (std::string{gnu_get_libc_version()} != "2.36") GTEST_SKIP() << "glibc is not 2.36";
  const std::uint64_t first = from_environment("INSPECT_SEED", 1);
  const std::uint64_t seeds = from_environment("INSPECT_SEEDS", 100);
  for (std::uint64_t seed = first; seed < first + seeds && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto operations = static_cast<unsigned>(10 + seed * 37 % 3000);
    const SimulatedChild simulated{seed, operations};
    const Subject subject{"", {std::to_string(seed), std::to_string(operations), "1"}};
    const Inspection real = inspect(subject.number());
    const ChunkMap ours{simulated.picture()}, theirs{real.picture};
    ASSERT_FALSE(real.picture.broken);
    ASSERT_GT(ours.chunks.size(), 1u);
    ASSERT_EQ(ours.chunks, theirs.chunks);
    EXPECT_EQ(ours.mapped, theirs.mapped);
    expect_same_pages(simulated, ours, real.image.snapshot, theirs);
  }
}

}  // namespace
}  // namespace tools::inspect
