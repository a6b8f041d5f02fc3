// A peak is over and the program rests: its memory goes back to the kernel without any call.
#include <gtest/gtest.h>

#include <sstream>

#include "tests/allocator/preload/run_program.h"

namespace preload_test {
namespace {

/// What the program `idle` prints.
struct Rest {
  long peak = 0;
  long resident = 0;
  int threads = 0;
};

Rest rest(const std::string& what, const std::string& library, const char* period) {
  const Ending ending = run_program({IDLE, what}, library, {{"FAULTLINE_IDLE", period}});
  EXPECT_EQ(ending.status, 0) << ending.errors;
  Rest found;
  std::istringstream{ending.output} >> found.peak >> found.resident >> found.threads;
  return found;
}

TEST(IdleTest, ResidentMemoryFallsWithinATenthOfGlibcsAfterMallocTrim) {
  const Rest glibc = rest("trim", "", "0");
  const Rest trimmed = rest("trim", FAULTLINE_LIBRARY, "0");
  const Rest rested = rest("1500", FAULTLINE_LIBRARY, "100");
  EXPECT_GT(glibc.peak, 2 * glibc.resident);
  EXPECT_LE(trimmed.resident * 10, glibc.resident * 11);
  EXPECT_LE(rested.resident * 10, glibc.resident * 11);
  EXPECT_EQ(rested.threads, 1) << "the thread ends when its work is done";
}

TEST(IdleTest, SwitchedOffItKeepsThePeakAndStartsNoThread) {
  const Rest ours = rest("500", FAULTLINE_LIBRARY, "0");
  EXPECT_GT(ours.resident * 10, ours.peak * 9);
  EXPECT_EQ(ours.threads, 1);
}

}  // namespace
}  // namespace preload_test
