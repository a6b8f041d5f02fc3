// Random scripts for real under glibc, held at their end and read from outside: the heap and its
// pages are those of the simulated run. SCRIPT_HEAPS: how many scripts; SCRIPT_HEAPS_SEED: the
// first.
#include <gnu/libc-version.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "tests/scripts/random_script.h"
#include "tests/tools/inspect/chunk_map.h"
#include "tools/heap/peek_memory.h"
#include "tools/heap/reader.h"
#include "tools/inspect/inspection.h"
#include "tools/run/kernel_runner.h"
#include "tools/run/running_kernel.h"
#include "tools/run/sim/run.h"
#include "tools/run/sim_runner.h"
#include "tools/script/parser.h"

namespace tools::inspect {
namespace {

using script::Verb;

/// The first process at the end of a run; nothing: it has ended, or called malloc never.
using SeenHeap = std::optional<ChunkMap>;

class LastLook final : public run::SimWitness {
 public:
  explicit LastLook(std::size_t ops) : last_{ops - 1} {}
  void after(std::size_t op, const run::sim::Run& run) override {
    const pagesim::Task* const task = run.task(0);
    if (op != last_ || task == nullptr) return;
    const heap::HeapPicture picture = heap::read_heap(heap::PeekMemory{*task});
    if (picture.initialized) {
      seen_.emplace(picture, [task](VirtAddr at) { return task->page_state(at); });
    }
  }
  [[nodiscard]] const SeenHeap& seen() const noexcept { return seen_; }

 private:
  std::size_t last_;
  SeenHeap seen_;
};

struct Both {
  SeenHeap real;
  SeenHeap simulated;
};

Both run_both(const script::Program& program) {
  Both both;
  run::KernelOptions options;
  options.allocator = "glibc";
  options.at_end = [&both](int pid) {
    try {
      const Inspection inspection = inspect(std::to_string(pid));
      const Snapshot& snapshot = inspection.image.snapshot;
      EXPECT_FALSE(inspection.picture.broken) << inspection.picture.broken->rule;
      both.real.emplace(inspection.picture, [&](VirtAddr at) { return snapshot.page(at); });
    } catch (const CannotInspect&) {  // it has ended, or called malloc never
    }
  };
  run::RunOptions wishes;
  wishes.with_faults = false;
  wishes.keep_going = true;
  const run::RunOutcome outcome = run::KernelRunner{options}.run(program, wishes);
  run::SimSetup setup;
  setup.profile = run::profile_for(program);
  run::SimRunner runner{with_heap_of(setup, outcome)};
  LastLook look{program.ops.size()};
  runner.set_witness(&look);
  (void)runner.run(program, wishes);
  both.simulated = look.seen();
  return both;
}

/// A thread's start has the C library allocate for itself.
bool is_of_use(const script::Program& program) {
  return !program.has(Verb::Thread) && !program.has(Verb::Swapout) &&
         (program.has(Verb::Malloc) || program.has(Verb::Calloc));
}

/// Where such a chunk lies in its mapping hangs on where the kernel put that.
bool aligns_more_than_a_page(const script::Program& program) {
  return std::any_of(program.ops.begin(), program.ops.end(), [](const script::Op& op) {
    const bool aligns = op.verb == Verb::Memalign || op.verb == Verb::AlignedAlloc ||
                        op.verb == Verb::PosixMemalign;
    return aligns && op.m > kPage;
  });
}

unsigned from_environment(const char* name, unsigned otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : static_cast<unsigned>(std::strtoul(text, nullptr, 10));
}

TEST(SameScriptHeapTest, ChunksAndPagesAreThoseOfGlibcAtTheEndOfRandomScripts) {
  if (std::string{gnu_get_libc_version()} != "2.36") GTEST_SKIP() << "glibc is not 2.36";
  constexpr int kLines = 60;
  const unsigned first = from_environment("SCRIPT_HEAPS_SEED", 1);
  const unsigned wanted = from_environment("SCRIPT_HEAPS", 20);
  unsigned compared = 0, chunks = 0;
  for (unsigned seed = first; compared < wanted && seed < first + 20 * wanted; ++seed) {
    const std::string text = script::RandomScript{seed}.write(kLines);
    const script::Program program = script::parse(text, "script.fl");
    if (!is_of_use(program)) continue;
    try {
      const Both both = run_both(program);
      if (!both.simulated) continue;
      ++compared;
      ASSERT_TRUE(both.real) << "seed " << seed << "\n" << text;
      ASSERT_EQ(both.simulated->chunks, both.real->chunks) << "seed " << seed << "\n" << text;
      ASSERT_EQ(both.simulated->pages, both.real->pages) << "seed " << seed << "\n" << text;
      if (!aligns_more_than_a_page(program)) {
        ASSERT_EQ(both.simulated->mapped, both.real->mapped) << "seed " << seed << "\n" << text;
      }
      chunks += static_cast<unsigned>(both.real->chunks.size());
    } catch (const run::Unsupported& unsupported) {
      continue;  // this user, or this kernel, cannot run that script
    }
  }
  if (compared == 0) GTEST_SKIP() << "none of the scripts can run here";
  EXPECT_GT(chunks, compared);
}

}  // namespace
}  // namespace tools::inspect
