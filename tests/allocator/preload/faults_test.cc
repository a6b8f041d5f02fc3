// What the library itself costs a process in page faults, beside the same program on glibc.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/allocator/preload/run_program.h"

namespace preload_test {
namespace {

/// The fewest faults of several runs: the first ones bring pages into the page cache.
long least_faults(const std::string& program, const std::string& library) {
  constexpr int kRuns = 20;
  long least = run_program({program}, library).faults;
  for (int i = 1; i < kRuns; ++i) {
    const Ending ending = run_program({program}, library);
    EXPECT_EQ(ending.status, 0) << ending.errors;
    least = std::min(least, ending.faults);
  }
  return least;
}

TEST(FaultsTest, LinkedInItCostsNothing) {
  const Ending watched = run_program({FEW_CALLS_LINKED}, "", {{"FAULTLINE_STATS", "1"}});
  ASSERT_NE(watched.errors.find("operations"), std::string::npos) << "it is not linked in";
  const long theirs = least_faults(FEW_CALLS_STATIC, "");
  const long ours = least_faults(FEW_CALLS_LINKED, "");
  EXPECT_LE(std::abs(ours - theirs), 2) << "glibc's " << theirs << ", ours " << ours;
}

/// One for its code, one for its data, one for the loader's list of libraries to preload; two for
/// the C library's code that registers fork handlers, one for where that puts the C library.
TEST(FaultsTest, PreloadedItCostsNoMoreThanSix) {
  const long theirs = least_faults(FEW_CALLS, "");
  const long ours = least_faults(FEW_CALLS, PTMALLOC_LIBRARY);
  EXPECT_LE(ours - theirs, 6) << "glibc's " << theirs << ", ours " << ours;
}

/// Its data is a page longer, which it writes to before it reads there, and so is the heap: a
/// thread's cache is larger.
TEST(FaultsTest, LibfaultlineCostsNoMoreThanTwoBesideLibptmalloc) {
  const long theirs = least_faults(FEW_CALLS, PTMALLOC_LIBRARY);
  const long ours = least_faults(FEW_CALLS, FAULTLINE_LIBRARY);
  EXPECT_LE(ours - theirs, 2) << "libptmalloc's " << theirs << ", libfaultline's " << ours;
}

}  // namespace
}  // namespace preload_test
