// The screen of a step: filled to its edges at every size, and scrolled where that is too small.
#include "tools/explain/tui/screen.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/tools/explain/tui/shown_run.h"
#include "tools/explain/tui/columns.h"

namespace tools::explain {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kForked =
    R"(p = malloc 1024   # a comment that is wider than any small terminal has columns
q = malloc 200000
write p
fork child
child: write p
free p
free q
)";

TEST(ScreenTest, EveryKeyAtEverySizeFillsTheScreenAndNoMore) {
  ShownRun run{kForked};
  std::mt19937 random{3};
  const std::u32string keys = {kLeft, kRight, kUp, kDown, kPageUp, kPageDown, kHome, kEnd,
                               kTab,  'z',    '?', 'f',   kEnter,  '/',       'p',   kEscape,
                               '>',   '<',    'n', 'N',   'g',     '3',       '4',   '6'};
  ViewState state;
  for (int i = 0; i < 300; ++i) {
    const Size size{1 + random() % 60, 1 + random() % 200};
    const Screen screen = run.draw(state, size, i % 2 == 0);
    ASSERT_EQ(screen.rows.size(), size.rows);
    for (const std::string& row : screen.rows) ASSERT_EQ(columns_of(row), size.columns);
    state = after_key(state, keys[random() % keys.size()], run.timeline);
  }
}

TEST(ScreenTest, LargeTerminalShowsAllPanesAndASmallOneTheOneInFocus) {
  ShownRun run{kForked};
  ViewState state;
  const std::string large = joined(run.draw(state, {50, 160}));
  for (const char* const name : {"1 script", "2 step", "3 pages", "4 heap", "5 lists", "6 chunk"}) {
    EXPECT_THAT(large, HasSubstr(name));
  }
  const std::string middle = joined(run.draw(state, {24, 80}));
  EXPECT_THAT(middle, HasSubstr("4 heap"));
  EXPECT_THAT(middle, Not(HasSubstr("5 lists")));
  const std::string small = joined(run.draw(state, {12, 40}));
  EXPECT_THAT(small, HasSubstr("2 step"));
  EXPECT_THAT(small, Not(HasSubstr("1 script")));
}

TEST(ScreenTest, StepsOwnChunkIsMarkedAndItsPagesAreBesideIt) {
  ShownRun run{kForked};
  ViewState state;
  EXPECT_THAT(joined(run.draw(state, {24, 80})),
              HasSubstr("> heap+0x290 (p)                  1,040 P-- in use             A"));
  state = run.press(state, U"lllll4");
  const std::string freed = joined(run.draw(state, {24, 80}));
  EXPECT_THAT(freed, HasSubstr("> heap+0x290 (p)"));
  EXPECT_THAT(freed, HasSubstr("thread cache 63"));
}

TEST(ScreenTest, FollowedChunkStaysMarkedOnStepsOfOthers) {
  ShownRun run{kForked};
  ViewState state = run.press({}, U"f\nl4");
  EXPECT_THAT(joined(run.draw(state, {24, 80})), HasSubstr("> heap+0x290 (p)"));
  EXPECT_THAT(joined(run.draw(state, {24, 80})), HasSubstr("chunk of p: "));
}

TEST(ScreenTest, ChunkInALongHeapIsBroughtIntoSight) {
  std::string text;
  for (int i = 0; i < 200; ++i) {
    text += "p" + std::to_string(i) + " = malloc " + std::to_string(16 * i + 1) + '\n';
  }
  ShownRun run{text};
  ViewState state = run.press({}, {kEnd});
  EXPECT_THAT(joined(run.draw(state, {24, 80})), HasSubstr("(p199)"));
  state = run.press(state, {kHome});
  const std::string home = joined(run.draw(state, {24, 80}));
  EXPECT_THAT(home, HasSubstr("> heap+0x290 (p0)"));
}

TEST(ScreenTest, ScrollingStopsWhereThePaneEnds) {
  ShownRun run{kForked};
  ViewState state = run.press({}, U"2z");
  (void)run.draw(state, {10, 60});
  state = run.press(state, std::u32string(500, U'j'));
  const Screen screen = run.draw(state, {10, 60});
  EXPECT_THAT(screen.rows[1], Not(HasSubstr(" 1-")));
  EXPECT_THAT(screen.rows[8], Not(testing::MatchesRegex(" *"))) << "the last row is in sight";
}

TEST(ScreenTest, PlainScreenHasNoColoursAndTheSameText) {
  ShownRun run{kForked};
  ViewState state;
  const std::string plain = joined(run.draw(state, {24, 80}));
  EXPECT_THAT(plain, Not(HasSubstr("\033")));
  std::string coloured = joined(run.draw(state, {24, 80}, true));
  EXPECT_THAT(coloured, HasSubstr("\033[32m"));
  std::string stripped;
  for (std::string_view left = coloured; !left.empty();) {
    if (left.front() == '\n') {
      stripped += '\n';
      left.remove_prefix(1);
      continue;
    }
    const Glyph glyph = take_glyph(left);
    if (glyph.code != 0) stripped += glyph.bytes;
  }
  EXPECT_EQ(stripped, plain);
}

TEST(ScreenTest, TypedTextStandsInTheLastRowWithTheCursorBehindIt) {
  ShownRun run{kForked};
  ViewState state = run.press({}, U"/abc");
  const Screen screen = run.draw(state, {24, 80});
  EXPECT_THAT(screen.rows.back(), testing::StartsWith("search: abc "));
  EXPECT_EQ(screen.cursor, 11u);
}

TEST(ScreenTest, ProcessThatHasEndedIsSaidToHave) {
  ShownRun run{"p = malloc 10\nread @0x10\n"};
  ViewState state = run.press({}, U"l");
  EXPECT_THAT(joined(run.draw(state, {24, 80})), HasSubstr("has ended"));
  ShownRun early{"A = mmap 1p anon private rw\n"};
  state = {};
  EXPECT_THAT(joined(early.draw(state, {24, 80})), HasSubstr("malloc was not called yet"));
}

}  // namespace
}  // namespace tools::explain
