// Random calls on the simulated machine and on this one: the heaps that they leave are the same,
// chunk by chunk and page by page. INSPECT_SEEDS: how many programs; INSPECT_SEED: the first.
#include <gnu/libc-version.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>

#include "allocator/malloc.h"
#include "pagesim/machine.h"
#include "pagesim/sim_memory.h"
#include "tests/tools/inspect/chunk_map.h"
#include "tests/tools/inspect/subject.h"
#include "tools/heap/peek_memory.h"
#include "tools/heap/reader.h"
#include "tools/inspect/inspection.h"
#include "tools/run/sim/run.h"

namespace tools::inspect {
namespace {

using heap::HeapPicture;

/// child.c's program, on the simulated machine.
class SimulatedChild {
 public:
  SimulatedChild(std::uint64_t seed, unsigned operations)
      : random_{88172645463325252u + seed * 7919} {
    for (unsigned i = 0; i < operations; ++i) step();
  }
  [[nodiscard]] HeapPicture picture() const { return heap::read_heap(heap::PeekMemory{*task_}); }
  [[nodiscard]] PageState page(VirtAddr at) const { return task_->page_state(at); }

  /// Forks; from now on this is the child, which does as many operations more. Returns the parent.
  pagesim::Task& go_on_in_child(unsigned operations) {
    pagesim::Task& parent = *task_;
    task_ = &run::sim::fork(parent, run::OwnAllocator::Ptmalloc);
    for (unsigned i = 0; i < operations; ++i) step();
    return parent;
  }
  void go_back(pagesim::Task& parent) { task_ = &parent; }

 private:
  using Heap = allocator::Malloc<pagesim::SimMemory>;

  std::uint64_t next() {
    random_ ^= random_ << 13;
    random_ ^= random_ >> 7;
    random_ ^= random_ << 17;
    return random_;
  }
  std::size_t size() {
    const std::size_t bound = std::size_t{2} << (next() % 18);
    return next() % bound + 1;
  }
  VirtAddr allocate(const Heap& heap) {
    const std::uint64_t how = next() % 16;
    const std::uint64_t n = next() % 8;
    const std::size_t bytes = size();
    if (how == 0) return heap.memalign(std::size_t{16} << n, bytes);
    return how == 1 ? heap.calloc(n + 1, bytes / 8 + 1) : heap.malloc(bytes);
  }
  void step() {
    VirtAddr& block = blocks_[next() % blocks_.size()];
    const Heap heap{pagesim::SimMemory{*task_}};
    const std::uint64_t what = block.is_null() ? 1 : next() % 8;
    if (what == 0) return;
    if (what > 1) {
      heap.free(block);
      block = VirtAddr{};
      return;
    }
    block = block.is_null() ? allocate(heap) : heap.realloc(block, size());
    task_->touch(block, 1, pagesim::Access::Write);
  }

  pagesim::Machine machine_;
  pagesim::Task* task_ = &machine_.boot();
  std::uint64_t random_;
  std::array<VirtAddr, 2000> blocks_{};
};

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

/// Of a process: chunks, lists and pages are those of the simulated one.
void expect_same(const SimulatedChild& simulated, const std::string& process) {
  const Inspection real = inspect(process);
  const Snapshot& snapshot = real.image.snapshot;
  const ChunkMap ours{simulated.picture(), [&](VirtAddr at) { return simulated.page(at); }};
  const ChunkMap theirs{real.picture, [&](VirtAddr at) { return snapshot.page(at); }};
  ASSERT_FALSE(real.picture.broken);
  ASSERT_GT(ours.chunks.size(), 1u);
  ASSERT_EQ(ours.chunks, theirs.chunks);
  const auto& counts = real.totals.pages.by_state;
  const bool huge = counts[static_cast<std::size_t>(PageState::Huge)] != 0;
  if (huge) return;  // the machine is set to give huge pages unasked
  EXPECT_EQ(ours.pages, theirs.pages);
  EXPECT_EQ(ours.mapped, theirs.mapped);
}

TEST(SameHeapTest, ChunksListsAndPagesAreThoseOfGlibcBeforeAndAfterAFork) {
  if (std::string{gnu_get_libc_version()} != "2.36") GTEST_SKIP() << "glibc is not 2.36";
  const std::uint64_t first = from_environment("INSPECT_SEED", 1);
  const std::uint64_t seeds = from_environment("INSPECT_SEEDS", 100);
  for (std::uint64_t seed = first; seed < first + seeds && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto operations = static_cast<unsigned>(10 + seed * 37 % 3000);
    const bool forks = seed % 3 == 0;
    SimulatedChild simulated{seed, operations};
    const Subject subject{
        "", {std::to_string(seed), std::to_string(operations), "1", forks ? "fork" : "none"}};
    if (forks) {
      pagesim::Task& parent = simulated.go_on_in_child(operations);
      expect_same(simulated, std::to_string(subject.child));
      simulated.go_back(parent);
    }
    expect_same(simulated, subject.number());
  }
}

}  // namespace
}  // namespace tools::inspect
