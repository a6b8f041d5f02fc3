// Two runs of one program: what counts as a difference.
#include "tools/run/compare_runs.h"

#include <gtest/gtest.h>

#include <functional>

#include "tools/run/sim_runner.h"
#include "tools/script/parser.h"

namespace tools::run {
namespace {

constexpr const char* kScript =
    "A = mmap 4p anon private rw at @0x100000000000 fixed\n"
    "write A[0..3]\n"
    "sys_read A 4K from zero\n"
    "fork c\n"
    "c: write A[1]+5\n"
    "expect pages A anon_shared anon anon_shared anon_shared\n"
    "munmap A[3..3]\n"
    "read A[3]\n";

class CompareRunsTest : public testing::Test {
 protected:
  CompareRunsTest() : program_{script::parse(kScript, "test.fl")}, left_{run()}, right_{left_} {}

  [[nodiscard]] RunOutcome run() const { return SimRunner{}.run(program_, RunOptions{}); }
  /// The first difference after `change` was made to the right run.
  [[nodiscard]] Difference first_after(const std::function<void(RunOutcome&)>& change) {
    change(right_);
    const Comparison comparison = compare_runs(program_, left_, right_);
    EXPECT_FALSE(comparison.equal());
    return comparison.first.value_or(Difference{});
  }

  script::Program program_;
  RunOutcome left_;
  RunOutcome right_;
};

TEST_F(CompareRunsTest, RunIsEqualToItself) {
  const Comparison comparison = compare_runs(program_, left_, right_);
  EXPECT_TRUE(comparison.equal());
  EXPECT_EQ(comparison.left.minor, 5u);
  EXPECT_EQ(comparison.left, comparison.right);
  EXPECT_TRUE(comparison.ops[1].compared);
}

TEST_F(CompareRunsTest, TwoRunsOfOneProgramAreEqual) {
  EXPECT_TRUE(compare_runs(program_, left_, run()).equal());
}

TEST_F(CompareRunsTest, CountsDiffer) {
  const Difference first = first_after([](RunOutcome& r) { r.ops[1].minor = 5; });
  EXPECT_EQ(first.line, 2u);
  EXPECT_EQ(first.subject, "minor faults");
  EXPECT_EQ(first.left, "4");
  EXPECT_EQ(first.right, "5");
}

TEST_F(CompareRunsTest, PlaceOfAFaultIsNamed) {
  const Difference first =
      first_after([](RunOutcome& r) { r.faults[2].address = r.faults[2].address + 8; });
  EXPECT_EQ(first.subject, "fault 3");
  EXPECT_EQ(first.left, "A[2] write minor first_write");
  EXPECT_EQ(first.right, "A[2]+8 write minor first_write");
}

TEST_F(CompareRunsTest, CauseDiffersUnlessOneSideDoesNotKnowIt) {
  right_.faults[0].cause = pagesim::Cause::Unknown;
  EXPECT_TRUE(compare_runs(program_, left_, right_).equal());
  const Difference first =
      first_after([](RunOutcome& r) { r.faults[0].cause = pagesim::Cause::CowCopy; });
  EXPECT_EQ(first.right, "A write minor cow_copy");
}

TEST_F(CompareRunsTest, ErrorCodeAndAccessDifferUnlessOneSideDoesNotKnowThem) {
  right_.faults[0].error_code.reset();
  right_.faults[0].access.reset();
  EXPECT_TRUE(compare_runs(program_, left_, right_).equal());
  EXPECT_EQ(first_after([](RunOutcome& r) { r.faults[0].error_code = 99; }).subject, "fault 1");
}

TEST_F(CompareRunsTest, MissingFaultIsADifference) {
  const Difference first = first_after([](RunOutcome& r) { r.ops[1].fault_count = 3; });
  EXPECT_EQ(first.subject, "fault 4");
  EXPECT_EQ(first.right, "none");
}

TEST_F(CompareRunsTest, FaultsOfGetUserPagesAreComparedByCountAlone) {
  right_.faults[0].mode = pagesim::Mode::Gup;
  left_.faults[0].mode = pagesim::Mode::Gup;
  left_.faults[0].address = pagesim::VirtAddr{};
  EXPECT_TRUE(compare_runs(program_, left_, right_).equal());
}

TEST_F(CompareRunsTest, SignalDiffers) {
  const Difference first = first_after([](RunOutcome& r) { r.signals.clear(); });
  EXPECT_EQ(first.subject, "signal");
  EXPECT_EQ(first.left, "SIGSEGV MAPERR");
  EXPECT_EQ(first.right, "none");
}

TEST_F(CompareRunsTest, PlaceOfASignalDiffers) {
  const Difference first =
      first_after([](RunOutcome& r) { r.signals[0].second.address = pagesim::VirtAddr{1}; });
  EXPECT_EQ(first.subject, "place of the signal");
}

TEST_F(CompareRunsTest, ReturnedValueDiffers) {
  EXPECT_EQ(first_after([](RunOutcome& r) { r.ops[2].returned = 1; }).subject, "returned");
}

TEST_F(CompareRunsTest, PageStatesDiffer) {
  const Difference first = first_after([](RunOutcome& r) { r.pages[0].states[0] = "zero"; });
  EXPECT_EQ(first.line, 5u);
  EXPECT_EQ(first.subject, "page states");
}

TEST_F(CompareRunsTest, LineThatDidNotRunIsADifference) {
  const Difference first = first_after([](RunOutcome& r) { r.ops[4].ran = false; });
  EXPECT_EQ(first.subject, "line");
  EXPECT_EQ(first.right, "its process had ended");
}

TEST_F(CompareRunsTest, AllocatorsFaultsAreComparedByPage) {
  const script::Program program = script::parse("p = malloc 100\n", "t");
  const RunOutcome left = SimRunner{}.run(program, {});
  RunOutcome right = left;
  right.faults.back().address = right.faults.back().address + 16;
  EXPECT_TRUE(compare_runs(program, left, right).equal());
  right.faults.back().address = right.faults.back().address + 4096;
  EXPECT_FALSE(compare_runs(program, left, right).equal());
}

TEST_F(CompareRunsTest, SameByteAtAnotherAddressIsEqual) {
  const script::Program program =
      script::parse("p = malloc 100\nwrite p\nfork c\nc: write p\n", "t");
  SimSetup elsewhere;
  elsewhere.layout.heap = pagesim::VirtAddr{0x5000000};
  const RunOutcome here = SimRunner{}.run(program, {});
  const RunOutcome there = SimRunner{elsewhere}.run(program, {});
  EXPECT_NE(here.faults.back().address, there.faults.back().address);
  EXPECT_TRUE(compare_runs(program, here, there).equal());
}

}  // namespace
}  // namespace tools::run
