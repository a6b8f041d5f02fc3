// Lines are cut to columns, whatever bytes they have.
#include "tools/explain/tui/columns.h"

#include <gtest/gtest.h>

#include <random>

namespace tools::explain {
namespace {

TEST(ColumnsTest, CutIsExactlyAsWideAsAskedFor) {
  EXPECT_EQ(cut("abcdef", 0, 4), "abcd");
  EXPECT_EQ(cut("abcdef", 4, 4), "ef  ");
  EXPECT_EQ(cut("", 0, 3), "   ");
}

TEST(ColumnsTest, ColourBeforeTheCutStillColoursWhatIsLeftAndEndsWithIt) {
  EXPECT_EQ(cut("\033[31mabcdef\033[0m", 2, 2), "\033[31mcd\033[0m");
  EXPECT_EQ(columns_of("\033[31mabc\033[0m"), 3u);
}

TEST(ColumnsTest, CharacterOfTwoBytesIsNeverCutInHalf) {
  EXPECT_EQ(cut("\xc3\xa4\xc3\xb6", 1, 1), "\xc3\xb6");
  EXPECT_EQ(cut("a\xc3", 0, 2), "a?");
}

TEST(ColumnsTest, ControlCharactersNeverReachTheTerminal) {
  EXPECT_EQ(cut("a\tb\033]0;x\007", 0, 9), "a?b?]0;x?");
}

TEST(ColumnsTest, RandomBytesKeepTheWidth) {
  std::mt19937 random{1};
  for (int i = 0; i < 2000; ++i) {
    std::string line(random() % 40, ' ');
    for (char& c : line) c = static_cast<char>(random());
    const std::size_t width = random() % 30;
    EXPECT_EQ(columns_of(cut(line, random() % 20, width)), width);
  }
}

TEST(ColumnsTest, LinesOfHasAnEmptyLineWhereThereIsOne) {
  EXPECT_EQ(lines_of("a\n\nb\n"), (std::vector<std::string>{"a", "", "b"}));
  EXPECT_TRUE(lines_of("").empty());
}

}  // namespace
}  // namespace tools::explain
