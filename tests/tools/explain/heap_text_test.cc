// The heap in a terminal: every chunk, its state and pages, in 80 columns.
#include "tools/explain/heap_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "tools/explain/explain.h"
#include "tools/report/table.h"
#include "tools/script/parser.h"

namespace tools::explain {
namespace {

using heap::ChunkState;
using pagesim::VirtAddr;
using testing::HasSubstr;
using testing::Not;

std::string drawn(const std::string& script, const StepWishes& wishes) {
  const script::Program program = script::parse(script, "test.fl");
  return explain(program, {}, {}, wishes).steps;
}

std::string last(const std::string& script, std::vector<std::string> only = {}) {
  StepWishes wishes;
  wishes.last = true;
  wishes.only = std::move(only);
  return drawn(script, wishes);
}

HeapWords plain_words() {
  HeapWords words;
  words.address = words.chunk = [](VirtAddr at) { return std::to_string(at.raw()); };
  return words;
}

/// A region of `chunks` chunks of 32 bytes, the last of them broken.
heap::HeapPicture broken_heap(std::size_t chunks) {
  heap::HeapPicture picture;
  picture.initialized = true;
  heap::Region region;
  region.begin = region.end = VirtAddr{4096};
  for (std::size_t i = 0; i < chunks; ++i) {
    const bool broken = i + 1 == chunks;
    region.chunks.push_back({.at = region.end,
                             .size = broken ? 0u : 32u,
                             .flags = 1,
                             .state = broken ? ChunkState::Broken : ChunkState::InUse});
    region.end = region.chunks.back().end();
  }
  picture.broken = {"a header is bad", region.chunks.back().at};
  picture.regions.push_back(std::move(region));
  return picture;
}

constexpr const char* kScript = R"(p = malloc 1024
q = malloc 24
r = malloc 200000
s = malloc 2000
g = malloc 16
free s
free q
)";

TEST(HeapTextTest, EveryChunkHasItsSizeFlagsStateAndPages) {
  const std::string text = last(kScript);
  EXPECT_THAT(text, HasSubstr("heap+0x0                          656 P-- cache block        A\n"));
  EXPECT_THAT(text, HasSubstr("heap+0x290 (p)                  1,040 P-- in use             A\n"));
  EXPECT_THAT(text, HasSubstr("heap+0x6a0 (q)                     32 P-- thread cache 0     A\n"));
  EXPECT_THAT(text, HasSubstr("heap+0x6c0                      2,016 P-- unsorted           A\n"));
  EXPECT_THAT(text, HasSubstr("heap+0xea0 (g)                     32 --- in use             A\n"));
  EXPECT_THAT(text, HasSubstr("131,392 P-- top                A-*32\n"));
  EXPECT_THAT(text, HasSubstr("200,704 -M- mmapped            A-*48\n"));
}

TEST(HeapTextTest, ListsAndThresholdsFollowTheChunks) {
  const std::string text = last(kScript);
  EXPECT_THAT(text, HasSubstr("unsorted         heap+0x6c0\n"));
  EXPECT_THAT(text, HasSubstr("thread cache 0   heap+0x6a0 (q)\n"));
  EXPECT_THAT(text, HasSubstr("mmap_threshold 131,072"));
  EXPECT_THAT(text, HasSubstr("n_mmaps 1"));
}

TEST(HeapTextTest, PagesOfAChunkAreShownAsAForkLeavesThem) {
  const std::string text = last(std::string{kScript} + "fork child\nchild: write g\nread r\n");
  EXPECT_THAT(text, HasSubstr("top                A-*32\n"));
  EXPECT_THAT(text, HasSubstr("mmapped            C-*48\n"));
}

TEST(HeapTextTest, OnlyNamedBlocksAreDrawnWordByWord) {
  const std::string text = last(kScript, {"q", "s"});
  EXPECT_THAT(text, HasSubstr("the chunk of q: 32 bytes, free, in the thread's cache"));
  EXPECT_THAT(text, HasSubstr("the chunk of s: 2,016 bytes, free, in the unsorted list"));
  EXPECT_THAT(text, HasSubstr("malloc: this chunk's size again"));
  EXPECT_THAT(text, Not(HasSubstr("heap+0x290")));
}

TEST(HeapTextTest, HeapThatDidNotChangeIsNotDrawnAgain) {
  StepWishes wishes;
  wishes.all = true;
  const std::string text = drawn("p = malloc 100\nwrite p\n", wishes);
  EXPECT_THAT(text, HasSubstr("heap: as before"));
}

TEST(HeapTextTest, NoLineIsWiderThanTheTerminal) {
  for (const std::size_t width : {80u, 132u}) {
    StepWishes wishes;
    wishes.all = true;
    wishes.style.width = width;
    std::istringstream lines{drawn(kScript, wishes)};
    for (std::string line; std::getline(lines, line);) {
      EXPECT_LE(report::display_width(line), width) << line;
    }
  }
}

TEST(HeapTextTest, BrokenChunkIsTheLastOneAndNamesItsRule) {
  const std::string text = heap_text(broken_heap(3), plain_words(), {});
  EXPECT_THAT(text, HasSubstr("  4160                                ? P-- broken\n"
                              "    broken here: a header is bad\n"));
  EXPECT_THAT(text, HasSubstr("  broken: a header is bad, at 4160\n"));
}

TEST(HeapTextTest, StorePastABlockBreaksTheChunkBehindIt) {
  const std::string text = last("p = malloc 24\nq = malloc 24\ng = malloc 24\nwrite p+24 8\n");
  EXPECT_THAT(text, HasSubstr("heap+0x2b0 (q)                      ? P-A broken"));
  EXPECT_THAT(text, HasSubstr("    broken here: a header is bad\n"));
  EXPECT_THAT(text, Not(HasSubstr("(g)")));
}

TEST(HeapTextTest, BrokenChunkBehindManyIsDrawnToo) {
  HeapWords words = plain_words();
  words.most_rows = 4;
  heap::HeapPicture picture = broken_heap(100);
  for (std::size_t i = 0; i < 99; ++i) picture.regions[0].chunks[i].flags = i % 2;
  EXPECT_THAT(heap_text(picture, words, {}), HasSubstr("broken here: a header is bad"));
}

TEST(HeapTextTest, ManyChunksThatAreAlikeShareARow) {
  EXPECT_THAT(heap_text(broken_heap(1001), plain_words(), {}), HasSubstr("in use x 1,000"));
}

}  // namespace
}  // namespace tools::explain
