// C++ programs see the operators of their own library, only the memory is ours.
#include <gtest/gtest.h>

#include "tests/allocator/preload/run_program.h"

namespace preload_test {
namespace {

TEST(OperatorsTest, AllFormsBehaveAsUnderGlibc) {
  const Ending theirs = run_program({OPERATORS}, "");
  const Ending ours = run_program({OPERATORS}, PTMALLOC_LIBRARY);
  EXPECT_EQ(theirs.status, 0);
  EXPECT_EQ(ours.status, 0) << ours.errors;
  EXPECT_EQ(theirs.output, ours.output);
  EXPECT_NE(ours.output.find("new: std::bad_alloc"), std::string::npos) << ours.output;
}

TEST(OperatorsTest, OtherFormsCallTheProgramsOwn) {
  const Ending ours = run_program({REPLACED_OPERATORS}, PTMALLOC_LIBRARY);
  EXPECT_EQ(ours.output, "5 news, 5 deletes\n");
  EXPECT_EQ(ours.output, run_program({REPLACED_OPERATORS}, "").output);
}

}  // namespace
}  // namespace preload_test
