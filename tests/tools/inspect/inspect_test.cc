// A living process's heap, read from outside, is what the process says of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/tools/inspect/subject.h"
#include "tools/inspect/inspection.h"
#include "tools/inspect/stopped_process.h"

namespace tools::inspect {
namespace {

using heap::ChunkState;
using testing::HasSubstr;

struct Malloc {
  std::string name;
  std::string library;
  MallocKind kind;
};

class InspectTest : public testing::TestWithParam<Malloc> {
 protected:
  /// Every block that the process has lies in a chunk in use, of its size, and no other is.
  static void expect_blocks(const Inspection& inspection, const Subject& subject) {
    std::size_t wrong = 0;
    for (const auto& [user, usable] : subject.blocks) {
      const heap::Chunk* const chunk =
          inspection.picture.chunk_at(VirtAddr{user} - allocator::kChunkHeader);
      const bool mapped = chunk != nullptr && chunk->state == ChunkState::Mmapped;
      const bool found = chunk != nullptr && chunk->user().raw() == user &&
                         (mapped || chunk->state == ChunkState::InUse) &&
                         chunk->size == usable + (mapped ? 16 : 8);
      if (!found && ++wrong < 4) ADD_FAILURE() << std::hex << user << " of " << usable;
    }
    EXPECT_EQ(wrong, 0u);
  }
  /// Each of the program's threads has one; libfaultline.so may have a thread of its own.
  static void expect_caches(const Inspection& inspection, std::size_t threads) {
    const bool own = inspection.image.malloc.kind == MallocKind::Faultline;
    EXPECT_EQ(inspection.picture.caches.size(), inspection.image.snapshot.thread_pointers.size());
    EXPECT_GE(inspection.picture.caches.size(), threads);
    EXPECT_LE(inspection.picture.caches.size(), threads + (own ? 1 : 0));
  }
  static std::uint64_t bytes_of(const Totals& totals, std::initializer_list<ChunkState> states) {
    std::uint64_t bytes = 0;
    for (const ChunkState state : states) {
      bytes += totals.by_state[static_cast<std::size_t>(state)].bytes;
    }
    return bytes;
  }
  static std::uint64_t count_of(const Inspection& inspection, ChunkState state) {
    return inspection.totals.by_state[static_cast<std::size_t>(state)].chunks;
  }
};

TEST_P(InspectTest, EveryBlockIsFoundWithItsSize) {
  for (const char* seed : {"1", "2", "3"}) {
    Subject subject{GetParam().library, {seed, "6000", "1"}};
    ASSERT_GT(subject.blocks.size(), 100u);
    const Inspection inspection = inspect(subject.number());
    EXPECT_EQ(inspection.image.malloc.kind, GetParam().kind);
    ASSERT_FALSE(inspection.picture.broken) << inspection.picture.broken->rule;
    expect_blocks(inspection, subject);
  }
}

TEST_P(InspectTest, EveryThreadsBlocksAreFound) {
  Subject subject{GetParam().library, {"4", "6000", "3"}};
  const Inspection inspection = inspect(subject.number());
  ASSERT_FALSE(inspection.picture.broken) << inspection.picture.broken->rule;
  expect_caches(inspection, 3);
  expect_blocks(inspection, subject);
}

TEST_P(InspectTest, NoChunkIsInUseThatTheProcessDoesNotHave) {
  Subject subject{GetParam().library, {"5", "6000", "1"}};
  const Inspection inspection = inspect(subject.number());
  std::size_t others = 0;
  for (const heap::Region& region : inspection.picture.regions) {
    for (const heap::Chunk& chunk : region.chunks) {
      const bool used = chunk.state == ChunkState::InUse || chunk.state == ChunkState::Mmapped;
      others += used && subject.blocks.count(chunk.user().raw()) == 0 ? 1 : 0;
    }
  }
  EXPECT_EQ(others, 0u);
}

TEST_P(InspectTest, TotalsAreThoseOfMallinfo) {
  if (GetParam().kind == MallocKind::Faultline) GTEST_SKIP() << "its caches count otherwise";
  Subject subject{GetParam().library, {"6", "6000", "2"}};
  const Inspection inspection = inspect(subject.number());
  EXPECT_EQ(count_of(inspection, ChunkState::Mmapped), subject.hblks);
  std::uint64_t mapped = 0;
  for (const heap::Region& region : inspection.picture.regions) {
    if (region.mapped) mapped += region.end - region.begin;
  }
  EXPECT_EQ(mapped, subject.hblkhd);
  EXPECT_EQ(bytes_of(inspection.totals, {ChunkState::Fast, ChunkState::Unsorted, ChunkState::Small,
                                         ChunkState::Large, ChunkState::Top}),
            subject.fordblks);
  const auto& main_top = inspection.picture.arenas.front().top;
  EXPECT_EQ(inspection.picture.chunk_at(main_top)->size, subject.keepcost);
}

TEST_P(InspectTest, StrippedLibraryNeedsNoSymbols) {
  if (GetParam().library.empty()) GTEST_SKIP() << "the C library is as it is installed";
  const std::filesystem::path bare = testing::TempDir() + "bare_" + GetParam().name + ".so";
  ASSERT_EQ(std::system(("strip -s -o " + bare.string() + " " + GetParam().library).c_str()), 0);
  Subject subject{bare, {"7", "3000", "2"}};
  std::filesystem::remove(bare);
  const Inspection inspection = inspect(subject.number());
  EXPECT_EQ(inspection.image.malloc.kind, GetParam().kind);
  expect_caches(inspection, 2);
  expect_blocks(inspection, subject);
}

TEST_P(InspectTest, ProcessRunsOnAndNoPageOfItChanged) {
  Subject subject{GetParam().library, {"8", "6000", "1"}};
  const Inspection first = inspect(subject.number());
  const Inspection second = inspect(subject.number());
  EXPECT_EQ(first.totals.pages.by_state, second.totals.pages.by_state);
  EXPECT_EQ(subject.finish(), 0);
}

TEST_P(InspectTest, CoreShowsTheSameChunks) {
  if (std::system("command -v gcore >/dev/null") != 0) GTEST_SKIP() << "gcore is not installed";
  Subject subject{GetParam().library, {"9", "3000", "2"}};
  const Inspection living = inspect(subject.number());
  const std::string prefix = testing::TempDir() + "inspect_core_" + GetParam().name;
  ASSERT_EQ(
      std::system(("gcore -o " + prefix + " " + subject.number() + " >/dev/null 2>&1").c_str()), 0);
  const std::string path = prefix + "." + subject.number();
  const Inspection dead = inspect(path);
  std::filesystem::remove(path);
  expect_blocks(dead, subject);
  for (std::size_t i = 0; i < heap::kChunkStates; ++i) {
    EXPECT_EQ(living.totals.by_state[i].chunks, dead.totals.by_state[i].chunks) << i;
    EXPECT_EQ(living.totals.by_state[i].bytes, dead.totals.by_state[i].bytes) << i;
  }
  EXPECT_TRUE(to_json(dead, false)["pages"].is_null());
}

TEST_P(InspectTest, CorruptedHeapIsShownUpToItsFirstBrokenChunk) {
  Subject subject{GetParam().library, {"10", "3000", "1", "corrupt"}};
  ASSERT_TRUE(subject.corrupted);
  const Inspection inspection = inspect(subject.number());
  ASSERT_TRUE(inspection.picture.broken);
  EXPECT_EQ(inspection.picture.broken->rule, "a header is bad");
  const heap::Region& region = inspection.picture.regions.front();
  EXPECT_EQ(region.chunks.back().at.raw(), *subject.corrupted);
  EXPECT_EQ(region.chunks.back().state, ChunkState::Broken);
  EXPECT_THAT(to_text(inspection, false, {}), HasSubstr("broken here: a header is bad"));
  EXPECT_EQ(to_json(inspection, false)["broken"]["rule"], "a header is bad");
}

INSTANTIATE_TEST_SUITE_P(Mallocs, InspectTest,
                         testing::Values(Malloc{"glibc", "", MallocKind::Glibc},
                                         Malloc{"ptmalloc", PTMALLOC_LIBRARY, MallocKind::Ptmalloc},
                                         Malloc{"faultline", FAULTLINE_LIBRARY,
                                                MallocKind::Faultline}),
                         [](const auto& one) { return one.param.name; });

TEST(InspectRefusalTest, ProcessThatHasEndedIsNamed) {
  Subject subject{"", {"1", "10", "1"}};
  const std::string number = subject.number();
  subject.finish();
  EXPECT_THAT([&] { (void)inspect(number); },
              testing::ThrowsMessage<CannotInspect>("process " + number + " has ended."));
}

TEST(InspectRefusalTest, ProcessThatIsTracedNamesItsTracer) {
  Subject subject{"", {"1", "10", "1"}};
  const StoppedProcess* const stopped = new StoppedProcess{subject.pid()};
  const pid_t other = ::fork();
  if (other == 0) {
    try {
      (void)inspect(subject.number());
    } catch (const CannotInspect& error) {
      const std::string tracer = "traced by process " + std::to_string(::getppid());
      ::_exit(std::string{error.what()}.find(tracer) != std::string::npos ? 0 : 1);
    }
    ::_exit(2);
  }
  int status = -1;
  ::waitpid(other, &status, 0);
  EXPECT_EQ(status, 0);
  delete stopped;
}

TEST(InspectRefusalTest, FileThatIsNoCoreIsWrongInput) {
  EXPECT_THROW((void)inspect("/etc/passwd"), NotACore);
  EXPECT_THROW((void)inspect("/no/such/file"), NotACore);
}

}  // namespace
}  // namespace tools::inspect
