// What keys do.
#include "tools/explain/tui/view_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/tools/explain/tui/shown_run.h"

namespace tools::explain {
namespace {

using testing::HasSubstr;

constexpr const char* kKeys = R"(p = malloc 100
q = malloc 200
write q

free p
free q
)";

class ViewStateTest : public testing::Test {
 protected:
  ViewState press(const std::u32string& keys, ViewState state = {}) const {
    return run_.press(std::move(state), keys);
  }
  ShownRun run_{kKeys};
};

TEST_F(ViewStateTest, KeysStepForwardAndBackAndStopAtTheEnds) {
  EXPECT_EQ(press(U"l ").step, 2u);
  EXPECT_EQ(press({kRight, kRight, kLeft}).step, 1u);
  EXPECT_EQ(press({kEnd}).step, 4u);
  EXPECT_EQ(press({kEnd, kHome}).step, 0u);
  EXPECT_EQ(press({kPageDown}).step, 4u);
  EXPECT_EQ(press({kEnd, kPageUp}).step, 0u);
  EXPECT_THAT(press(U"h").message, HasSubstr("first step"));
  EXPECT_THAT(press({kEnd, 'l'}).message, HasSubstr("last step"));
  EXPECT_EQ(press(U"nnN").step, 1u) << "nothing is sought";
}

TEST_F(ViewStateTest, JumpTakesAStepOrALine) {
  EXPECT_EQ(press(U"g3\n").step, 2u);
  EXPECT_EQ(press(U"gL4\n").step, 3u) << "line 4 is empty";
  EXPECT_THAT(press(U"g9\n").message, HasSubstr("steps are 1 to 5"));
  EXPECT_THAT(press(U"gx\n").message, HasSubstr("no step (12) and no line"));
  EXPECT_THAT(press(U"gL99\n").message, HasSubstr("no step comes from line 99"));
}

TEST_F(ViewStateTest, SearchGoesToTheNextHitAndOn) {
  ViewState state = press(U"/Free\n");
  EXPECT_EQ(state.step, 3u);
  EXPECT_EQ(press(U"n", state).step, 4u);
  EXPECT_THAT(press(U"nn", state).message, HasSubstr("no later step has \"Free\""));
  EXPECT_EQ(press(U"nN", state).step, 3u);
  EXPECT_THAT(press(U"/zzz\n").message, HasSubstr("no step has \"zzz\""));
  EXPECT_TRUE(press({kEscape}, state).hits.empty());
}

TEST_F(ViewStateTest, SearchBehindTheLastHitBeginsAnew) {
  const ViewState state = press({kEnd, '/', 'w', 'r', 'i', 't', 'e', ' ', 'q', kEnter});
  EXPECT_EQ(state.step, 2u);
  EXPECT_THAT(state.message, HasSubstr("from the first on"));
}

TEST_F(ViewStateTest, FollowTakesTheStepsOwnBlockOrANamedOne) {
  ViewState state = press(U"llf\n");
  ASSERT_TRUE(state.followed);
  EXPECT_EQ(state.followed->name, "q");
  EXPECT_EQ(state.focus, Pane::Chunk);
  EXPECT_EQ(press(U"n", state).step, 4u) << "free q";
  EXPECT_EQ(press(U"llfp\n").followed->name, "p");
  EXPECT_THAT(press(U"fnobody\n").message, HasSubstr("nobody is no block"));
  EXPECT_FALSE(press({kEscape}, state).followed);
}

TEST_F(ViewStateTest, TypingIsTakenBackByCharacterAndAsAWhole) {
  ViewState state = press(U"/a\u00e4");
  EXPECT_EQ(state.typed, "a\u00e4");
  EXPECT_EQ(press({kBackspace}, state).typed, "a");
  EXPECT_EQ(press({ctrl('u')}, state).typed, "");
  EXPECT_EQ(press({kEscape}, state).prompt, Prompt::None);
  EXPECT_FALSE(press(U"q", state).done) << "it is typed";
}

TEST_F(ViewStateTest, TabAndNumbersChooseAPaneAndScrollingMovesIt) {
  EXPECT_EQ(press({kTab}).focus, Pane::Pages);
  EXPECT_EQ(press({kBackTab}).focus, Pane::Script);
  EXPECT_EQ(press({kBackTab, kBackTab}).focus, Pane::Chunk);
  const ViewState state = press(U"4jjk>>");
  EXPECT_EQ(state.focus, Pane::Heap);
  EXPECT_EQ(state.scroll[static_cast<std::size_t>(Pane::Heap)].row, 1u);
  EXPECT_EQ(state.scroll[static_cast<std::size_t>(Pane::Heap)].column, 16u);
  EXPECT_EQ(press(U"kkkk<<<", state).scroll[static_cast<std::size_t>(Pane::Heap)].row, 0u);
}

TEST_F(ViewStateTest, HelpClosesByAnyKeyThatDoesNotScrollIt) {
  EXPECT_TRUE(press(U"?jj").help);
  EXPECT_FALSE(press(U"?q").help);
  EXPECT_FALSE(press(U"?q").done);
  EXPECT_TRUE(press(U"q").done);
}

}  // namespace
}  // namespace tools::explain
