// The library loaded late, into a process that has threads and another malloc.
#include <gtest/gtest.h>

#include "tests/allocator/preload/run_program.h"

namespace preload_test {
namespace {

TEST(OpenedTest, ThreadsThatCallItAtOnceAllHaveMemory) {
  for (int i = 0; i < 20; ++i) {
    const Ending ending = run_program({OPENED, PTMALLOC_LIBRARY}, "");
    EXPECT_EQ(ending.status, 0) << ending.output << ending.errors;
  }
}

TEST(OpenedTest, ThreadsEndWellWhereNoKeyIsLeft) {
  for (int i = 0; i < 5; ++i) {
    const Ending ending = run_program({OPENED, PTMALLOC_LIBRARY, "keys"}, "");
    EXPECT_EQ(ending.status, 0) << ending.output << ending.errors;
  }
}

}  // namespace
}  // namespace preload_test
