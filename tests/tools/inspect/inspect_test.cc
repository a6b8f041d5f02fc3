// A living process's heap, read from outside, is what the process says of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/tools/inspect/subject.h"
#include "tools/inspect/glibc_parameters.h"
#include "tools/inspect/inspection.h"
#include "tools/inspect/rest.h"
#include "tools/inspect/stopped_process.h"

namespace tools::inspect {
namespace {

using heap::ChunkState;
using heap::HeapPicture;
using testing::HasSubstr;

struct Malloc {
  std::string name;
  std::string library;
  MallocKind kind;
};

/// It has said that it is ready, and waits to be told to go on.
void wait_for_rest(const Subject& subject) {
  while (!Rest{subject.pid()}.all_wait()) ::usleep(1000);
}

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

TEST_P(InspectTest, PagesSharedWithAChildStaySharedWhenBothWereRead) {
  if (GetParam().kind == MallocKind::Faultline) {
    GTEST_SKIP() << "a thread of its own gives pages back meanwhile";
  }
  const Subject subject{GetParam().library, {"8", "3000", "1", "fork"}};
  const std::string child = std::to_string(subject.child);
  const auto shared = [](const Inspection& inspection) {
    return inspection.totals.pages.by_state[static_cast<std::size_t>(PageState::AnonShared)];
  };
  const Inspection first = inspect(subject.number()), first_of_child = inspect(child);
  EXPECT_GT(shared(first), 10u);
  EXPECT_GT(shared(first_of_child), 10u);
  EXPECT_EQ(inspect(subject.number()).totals.pages.by_state, first.totals.pages.by_state);
  EXPECT_EQ(inspect(child).totals.pages.by_state, first_of_child.totals.pages.by_state);
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

TEST_P(InspectTest, ProcessThatWaitsIsCopiedBeforeItIsStoppedAndABusyOneAfter) {
  const Subject waits{GetParam().library, {"11", "6000", "1"}};
  wait_for_rest(waits);
  Inspection inspection = inspect(waits.number());
  for (int i = 0; i < 20 && !inspection.image.snapshot.copied_at_rest; ++i) {
    inspection = inspect(waits.number());  // it was preempted on its way to the stop
  }
  const bool has_own_thread = inspection.image.snapshot.thread_pointers.size() > 1;
  EXPECT_TRUE(inspection.image.snapshot.copied_at_rest || has_own_thread);
  expect_blocks(inspection, waits);
  const Subject busy{GetParam().library, {"11", "6000", "1", "busy"}};
  inspection = inspect(busy.number());
  EXPECT_FALSE(inspection.image.snapshot.copied_at_rest);
  EXPECT_TRUE(inspection.was_busy || !inspection.picture.broken) << inspection.picture.broken->rule;
}

TEST_P(InspectTest, HeapInSwapIsShownUpToThereAndNotCalledBroken) {
  const Subject subject{GetParam().library, {"12", "6000", "1"}};
  HeapImage image = inspect(subject.number()).image;
  const HeapPicture whole = read_picture(image);
  const heap::Region& region = whole.regions.front();
  const VirtAddr page = region.chunks[region.chunks.size() / 2].user().align_down(kPage);
  for (SavedArea& area : image.snapshot.areas) {
    if (page < area.begin || page >= area.end) continue;
    area.bytes.keep((page - area.begin) / kPage, nullptr, 0);
    area.pages[(page - area.begin) / kPage] = PageState::Swap;
  }
  const HeapPicture picture = read_picture(image);
  ASSERT_TRUE(picture.broken);
  EXPECT_THAT(picture.broken->rule, HasSubstr("is in swap and was not read"));
  EXPECT_LT(picture.broken->at, page + kPage);
  EXPECT_GE(whole.chunk_at(picture.broken->at)->end(), page);
}

TEST(InspectTextTest, MemoryThatIsTooLargeForAHeapIsNamed) {
  const Subject subject{"", {"1", "100", "1", "reserve"}};
  const Inspection inspection = inspect(subject.number());
  EXPECT_THAT(to_text(inspection, false, {}), HasSubstr("65.0 GiB: more than 64 GiB in a piece"));
  EXPECT_EQ(to_json(inspection, false)["not_looked_at"].size(), 1u);
}

TEST(InspectTextTest, ThresholdsOfGlibcAreThoseThatTheProgramSet) {
  ASSERT_EQ(::setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=5", 1), 0);
  const Subject subject{"", {"1", "100", "1", "mallopt"}};
  ASSERT_EQ(::unsetenv("GLIBC_TUNABLES"), 0);
  const Inspection inspection = inspect(subject.number());
  const heap::Thresholds& found = inspection.picture.thresholds;
  EXPECT_EQ(found.mmap_threshold, 300000u);
  EXPECT_EQ(found.trim_threshold, 400000u);
  EXPECT_EQ(found.top_pad, 70000u);
  EXPECT_EQ(found.max_fast, 80u);
  EXPECT_EQ(found.tcache_count, 5u);
  EXPECT_THAT(to_text(inspection, false, {}), HasSubstr("mmap_threshold 300,000"));
}

TEST(InspectTextTest, WhatIsNotKnownOfGlibcIsNotCalledZero) {
  const Subject subject{"", {"1", "100", "1"}};
  Inspection inspection = inspect(subject.number());
  EXPECT_TRUE(to_json(inspection, false)["thresholds"]["n_mmaps"].is_null());
  inspection.picture.thresholds = glibc_thresholds(Snapshot{}, VirtAddr{});
  EXPECT_THAT(to_text(inspection, false, {}), HasSubstr("thresholds       unknown"));
  EXPECT_TRUE(to_json(inspection, false)["thresholds"]["mmap_threshold"].is_null());
}

/// Of each whether it is as inspection-schema.json has it, "1" or "0"; empty: it cannot be told.
std::string validity(const std::vector<report::Json>& texts) {
  const std::string path = testing::TempDir() + "inspection-" + std::to_string(::getpid());
  std::ofstream{path + ".json"} << report::Json(texts).dump();
  const std::string command =
      "python3 -c 'import json, jsonschema\n"
      "valid = jsonschema.Draft7Validator(json.load(open(\"" INSPECTION_SCHEMA
      "\"))).is_valid\n"
      "print(\"\".join(str(int(valid(text))) for text in json.load(open(\"" +
      path + ".json\"))))' > " + path + ".out 2>/dev/null";
  std::string said;
  if (std::system(command.c_str()) == 0) std::ifstream{path + ".out"} >> said;
  std::filesystem::remove(path + ".json");
  std::filesystem::remove(path + ".out");
  return said;
}

TEST(InspectJsonTest, HasTheFieldsOfTheSchemaAndNoOthers) {
  std::vector<report::Json> texts;
  for (const char* const library : {"", PTMALLOC_LIBRARY, FAULTLINE_LIBRARY}) {
    const Subject whole{library, {"13", "60", "2", "reserve"}};
    texts.push_back(to_json(inspect(whole.number()), texts.empty()));
    const Subject bad{library, {"13", "60", "1", "corrupt"}};
    texts.push_back(to_json(inspect(bad.number()), false));
  }
  report::Json json = texts.back();
  json.erase("threads");
  texts.push_back(json);
  json = texts.front();
  json["more"] = 1;
  texts.push_back(json);
  const std::string said = validity(texts);
  if (said.empty()) GTEST_SKIP() << "no python3-jsonschema";
  EXPECT_EQ(said, "11111100");
}

INSTANTIATE_TEST_SUITE_P(Mallocs, InspectTest,
                         testing::Values(Malloc{"glibc", "", MallocKind::Glibc},
                                         Malloc{"ptmalloc", PTMALLOC_LIBRARY, MallocKind::Ptmalloc},
                                         Malloc{"faultline", FAULTLINE_LIBRARY,
                                                MallocKind::Faultline}),
                         [](const auto& one) { return one.param.name; });

TEST(RestTest, ThreadThatRanMeanwhileIsTold) {
  const Subject subject{"", {"1", "100", "1"}};
  wait_for_rest(subject);
  Rest before{subject.pid()};
  bool still = false;
  for (int i = 0; i < 20 && !still; ++i) {  // it may be preempted on its way to the stop
    wait_for_rest(subject);
    before = Rest{subject.pid()};
    const StoppedProcess stopped{subject.pid()};
    still = Rest{subject.pid()}.is_as_stopped_since(before);
  }
  EXPECT_TRUE(still);
  const StoppedProcess again{subject.pid()};
  EXPECT_FALSE(Rest{subject.pid()}.is_as_stopped_since(before)) << "it went on in between";
}

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
