// What threads leave behind when they end is what they leave behind under glibc.
#include <gtest/gtest.h>

#include "tests/allocator/preload/run_program.h"

namespace preload_test {
namespace {

TEST(ThreadEndTest, AThousandThreadsLeaveTheHeapThatGlibcHas) {
  const Ending theirs = run_program({CHURN}, TLS_BALLAST);
  const Ending ours = run_program({CHURN}, PTMALLOC_LIBRARY);
  EXPECT_EQ(theirs.status, 0);
  EXPECT_EQ(ours.status, 0) << ours.errors;
  EXPECT_NE(theirs.output.find("<heap nr=\"1\">"), std::string::npos);
  EXPECT_EQ(theirs.output.find("<heap nr=\"2\">"), std::string::npos) << "the arena was not reused";
  EXPECT_EQ(theirs.output, ours.output);
}

}  // namespace
}  // namespace preload_test
