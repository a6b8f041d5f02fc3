// Steps are found by text, by line, and by the memory they touch.
#include "tools/explain/tui/timeline.h"

#include <gtest/gtest.h>

#include "tests/tools/explain/tui/shown_run.h"

namespace tools::explain {
namespace {

using Steps = std::vector<std::size_t>;

constexpr const char* kBlocks = R"(# a comment
p = malloc 100
q = malloc 100
write p
free p
r = malloc 100
read q
)";

TEST(TimelineTest, TextFindsOperationsNamesAddressesAndCauses) {
  const ShownRun run{kBlocks};
  EXPECT_EQ(run.timeline.with_text("malloc"), (Steps{0, 1, 4}));
  EXPECT_EQ(run.timeline.with_text("FREE P"), (Steps{3}));
  EXPECT_EQ(run.timeline.with_text("heap+0x2a0"), (Steps{0, 4}));
  EXPECT_EQ(run.timeline.with_text("top_header"), (Steps{0}));
  EXPECT_EQ(run.timeline.with_text("nothing like it"), Steps{});
}

TEST(TimelineTest, AddressOfAResultIsFoundAsANumber) {
  const ShownRun run{kBlocks};
  char address[32];
  (void)std::snprintf(address, sizeof address, "0x%llx",
                      static_cast<unsigned long long>(run.outcome.ops[1].address));
  EXPECT_EQ(run.timeline.with_text(address), (Steps{1}));
}

TEST(TimelineTest, ChunkIsTouchedFromItsBirthToItsNextOwner) {
  const ShownRun run{kBlocks};
  const auto block = run.timeline.block("p", 2);
  ASSERT_TRUE(block);
  EXPECT_EQ(block->bytes, 112u);
  const Steps touching = run.timeline.touching(*block);
  EXPECT_EQ(touching, (Steps{0, 2, 3, 4})) << "not by q's malloc and read";
}

TEST(TimelineTest, BlockIsTheOneThatTheNameStandsForAtTheStep) {
  const ShownRun run{"p = malloc 10\nq = malloc 10\np = malloc 500\n"};
  EXPECT_EQ(run.timeline.block("p", 1)->user.raw(), run.outcome.ops[0].address);
  EXPECT_EQ(run.timeline.block("p", 2)->user.raw(), run.outcome.ops[2].address);
  EXPECT_EQ(run.timeline.block("q", 0)->user.raw(), run.outcome.ops[1].address) << "later";
  EXPECT_EQ(run.timeline.block("heap+0x2a8", 0)->name, "p");
  EXPECT_FALSE(run.timeline.block("nobody", 0));
  EXPECT_FALSE(run.timeline.block("0x10", 0));
}

TEST(TimelineTest, LineWithoutAnOperationMeansTheNextOneThatHasOne) {
  const ShownRun run{kBlocks};
  EXPECT_EQ(run.timeline.at_line(1), 0u);
  EXPECT_EQ(run.timeline.at_line(4), 2u);
  EXPECT_FALSE(run.timeline.at_line(8));
}

TEST(TimelineTest, OperationsOfAProcessThatEndedAreNoSteps) {
  const ShownRun run{"fork c\nc: p = malloc 10\nexit c\nq = malloc 10\n"};
  EXPECT_EQ(run.timeline.size(), 4u);
  const ShownRun ended{"read @0x10\np = malloc 10\n"};
  EXPECT_EQ(ended.timeline.size(), 1u) << "the signal ended it";
}

}  // namespace
}  // namespace tools::explain
