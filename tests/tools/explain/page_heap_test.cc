// What the page's scripts make of a recording is what the recorded run was: decisions, stores,
// heap.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/scripts/random_script.h"
#include "tests/tools/web_page.h"
#include "tools/explain/lesson.h"
#include "tools/explain/page/recording.h"
#include "tools/explain/step_heap.h"
#include "tools/script/parser.h"

namespace tools::explain {
namespace {

using heap::ChunkState;
using nlohmann::json;

/// As the page calls them.
const char* state_name(ChunkState state) {
  switch (state) {
    case ChunkState::InUse:
      return "inuse";
    case ChunkState::CacheBlock:
      return "cacheblock";
    case ChunkState::ThreadCache:
      return "tcache";
    case ChunkState::Fast:
      return "fast";
    case ChunkState::Unsorted:
      return "unsorted";
    case ChunkState::Small:
      return "small";
    case ChunkState::Large:
      return "large";
    case ChunkState::Top:
      return "top";
    case ChunkState::Fence:
      return "fence";
    case ChunkState::Mmapped:
      return "mmapped";
    default:
      return "?";
  }
}
const char* list_name(heap::ListKind kind) {
  using heap::ListKind;
  switch (kind) {
    case ListKind::ThreadCache:
      return "tcache";
    case ListKind::Fast:
      return "fast";
    case ListKind::Unsorted:
      return "unsorted";
    case ListKind::Small:
      return "small";
    case ListKind::Large:
      return "large";
    default:
      return "?";
  }
}

/// Chunks [address, size, flags, state]; lists [kind, number, chunks], as far as the page reads
/// them.
json heap_json(const heap::HeapPicture& picture) {
  constexpr std::size_t kMostOfABin = 200;
  json seen{{"chunks", json::array()}, {"mapped", json::array()}, {"lists", json::array()}};
  for (const heap::Region& region : picture.regions) {
    for (const heap::Chunk& chunk : region.chunks) {
      const std::uint64_t size = chunk.state == ChunkState::Fence ? 0 : chunk.size;
      seen[region.mapped ? "mapped" : "chunks"].push_back(
          {chunk.at.raw(), size, chunk.flags, state_name(chunk.state)});
    }
  }
  for (const heap::List& list : picture.lists) {
    json members = json::array();
    for (const pagesim::VirtAddr at : list.chunks) {
      if (list.kind == heap::ListKind::Unsorted || members.size() < kMostOfABin) {
        members.push_back(at.raw());
      }
    }
    seen["lists"].push_back({list_name(list.kind), list.number, members});
  }
  return seen;
}

/// What the page does not show of fences: their sizes, below 32.
json without_fence_sizes(json chunks) {
  for (json& chunk : chunks) {
    if (chunk[3] == "fence") chunk[1] = 0;
  }
  return chunks;
}
json sorted(json list) {
  std::sort(list.begin(), list.end());
  return list;
}

class PageHeapTest : public testing::Test {
 protected:
  void SetUp() override {
    if (std::system("node --version >/dev/null 2>&1") !=
        0) {  // NOLINT(cert-env33-c): our own words
      GTEST_SKIP() << "no node (package nodejs)";
    }
    std::string path = (std::filesystem::temp_directory_path() / "page-heap-XXXXXX").string();
    ASSERT_NE(::mkdtemp(path.data()), nullptr);
    folder_ = path;
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  /// Runs the script and the page's reading of it; the heap after each `every` steps.
  void compare(const std::string& text, std::size_t every = 1) {
    const script::Program program = script::parse(text, "script.fl");
    json steps = json::array();
    Recording recording{program};
    Stepper stepper{program, [&](const Step& step) {
                      recording.take(step);
                      steps.push_back(expected(step, every));
                    }};
    run::SimRunner runner;
    runner.set_witness(&stepper);
    const run::RunOutcome outcome = runner.run(program, {});
    std::ofstream{folder_ + "/data"} << recording.json({}, outcome, {}, "", "[]");
    const json seen = read_by_the_page(every);
    ASSERT_EQ(seen.size(), steps.size());
    for (std::size_t i = 0; i < steps.size() && !HasFailure(); ++i) {
      expect_equal(seen[i], steps[i], "step " + std::to_string(i + 1) + " of\n" + text);
    }
  }

 private:
  static json expected(const Step& step, std::size_t every) {
    json stores = json::array();
    for (const ReceiptLine& line : step.receipt()) {
      if (line.access != pagesim::Access::Write) continue;
      stores.push_back({static_cast<std::int64_t>(line.at.raw()), line.bytes, line.times,
                        line.apart, to_string(line.writer), line.faults.size()});
    }
    const bool looks = (step.index() + 1) % every == 0 && step.task() != nullptr;
    return {{"why", step.why()},
            {"address", step.outcome().address},
            {"stores", stores},
            {"heap", looks ? heap_json(heap_of(step)) : json()}};
  }
  [[nodiscard]] json read_by_the_page(std::size_t every) const {
    const std::string command = "node " PAGE_HEAP_TEST_SCRIPT " " EXPLAIN_PAGE_WEB " " + folder_ +
                                "/data " + std::to_string(every) + " >" + folder_ + "/seen";
    const int ended = std::system(command.c_str());  // NOLINT(cert-env33-c): our own words
    EXPECT_EQ(ended, 0);
    return json::parse(text_of_file(folder_ + "/seen"));
  }
  static void expect_equal(const json& seen, const json& step, const std::string& where) {
    EXPECT_EQ(seen["why"], step["why"]) << where;
    EXPECT_EQ(seen["address"], step["address"]) << where;
    EXPECT_EQ(seen["stores"], step["stores"]) << where;
    if (step["heap"].is_null()) return;
    const json& heap = seen["heap"];
    EXPECT_EQ(without_fence_sizes(heap["chunks"]), step["heap"]["chunks"]) << where;
    EXPECT_EQ(heap["mapped"], step["heap"]["mapped"]) << where;
    EXPECT_EQ(sorted(heap["lists"]), sorted(step["heap"]["lists"])) << where;
  }

  std::string folder_;
};

TEST_F(PageHeapTest, AgreesInRandomScripts) {
  for (unsigned seed = 1; seed <= 25 && !HasFailure(); ++seed) {
    const std::string text = script::RandomScript{seed}.write(60);
    compare(text);
  }
}

TEST_F(PageHeapTest, AgreesInLongScriptsWhoseNumbersAreForetold) {
  for (const char* seed : {"1", "2"}) {
    const std::string made = testing::TempDir() + "long-script-" + std::to_string(::getpid());
    const std::string command = std::string{"python3 " LONG_SCRIPT " 2500 "} + seed + " >" + made;
    ASSERT_EQ(std::system(command.c_str()), 0);  // NOLINT(cert-env33-c): our own words
    compare(text_of_file(made), 97);
    std::filesystem::remove(made);
  }
}

TEST_F(PageHeapTest, AgreesInTheLessonsThatAllocate) {
  int compared = 0;
  for (const Lesson& lesson : lessons()) {
    const std::string text{lesson.source};
    const bool other_machine = text.find("# machine:") != std::string::npos;
    if (other_machine || text.find("alloc") == std::string::npos || HasFailure()) continue;
    compare(text);
    ++compared;
  }
  EXPECT_GT(compared, 5);
}

TEST_F(PageHeapTest, AgreesWhereNumbersAreTooLargeForJavaScript) {
  compare("p = malloc 9223372036854775807\nq = malloc 24\nfree q\n");
}

}  // namespace
}  // namespace tools::explain
