// What the library says when it is asked to watch, and that watching changes nothing.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <csignal>
#include <regex>
#include <string>

#include "tests/allocator/preload/run_program.h"

namespace preload_test {
namespace {

using testing::AssertionResult;

AssertionResult matches(const std::string& text, const std::string& pattern) {
  if (std::regex_match(text, std::regex{pattern})) return testing::AssertionSuccess();
  return testing::AssertionFailure() << text << "does not match\n" << pattern;
}

/// In use are 5 blocks of 24 bytes from malloc and one from calloc, one of 104, an aligned one of
/// 56 and one of 122,888, whose last page holds nothing but the size of top.
TEST(WatchTest, StatsCountCallsAndBytesAndPages) {
  const Ending ending = run_program({FEW_CALLS}, PTMALLOC_LIBRARY, {{"FAULTLINE_STATS", "1"}});
  EXPECT_TRUE(matches(ending.errors,
                      "faultline: few_calls, process [0-9]+\n"
                      "  faults        [0-9]+ minor, [0-9]+ major\n"
                      "  operations    20 \\(malloc 11, calloc 2, realloc 1, aligned 1, free 5\\)\n"
                      "  bytes         123192 in use, 123192 at the peak\n"
                      "  heap pages    2 present, 1 of them touched by headers alone\n"));
}

TEST(WatchTest, CheckReportsTheFirstBrokenInvariantAndTheChunksAround) {
  const Ending ending = run_program({OVERRUN}, PTMALLOC_LIBRARY, {{"FAULTLINE_CHECK", "1"}});
  EXPECT_TRUE(WIFSIGNALED(ending.status) && WTERMSIG(ending.status) == SIGABRT);
  EXPECT_EQ(ending.output.find("unnoticed"), std::string::npos);
  EXPECT_TRUE(matches(ending.errors,
                      "faultline: the heap is broken: a header is bad, at (0x[0-9a-f]+)\n"
                      "     chunk +size +flags\n"
                      "     0x[0-9a-f]+ +656 +P--  in use, or cached\n"
                      "(     .*\n)?"
                      "     0x[0-9a-f]+ +32 +P--  free\n"
                      "  -> \\1 +0x0 is no size\n"));
}

TEST(WatchTest, AnOverrunGoesUnnoticedWithoutCheck) {
  const Ending ending = run_program({OVERRUN}, PTMALLOC_LIBRARY);
  EXPECT_EQ(ending.status, 0);
  EXPECT_NE(ending.output.find("unnoticed"), std::string::npos);
}

TEST(WatchTest, WatchingChangesNoAddress) {
  const std::vector<std::string> command{DIARY, "3", "4000", "4"};
  const Ending plain = run_program(command, PTMALLOC_LIBRARY);
  const Ending watched =
      run_program(command, PTMALLOC_LIBRARY, {{"FAULTLINE_CHECK", "10"}, {"FAULTLINE_STATS", "1"}});
  EXPECT_EQ(watched.status, 0) << watched.errors;
  EXPECT_EQ(plain.output, watched.output);
}

TEST(WatchTest, BadSettingsAreNamedOnceAndIgnored) {
  const Ending ending =
      run_program({FEW_CALLS}, PTMALLOC_LIBRARY,
                  {{"GLIBC_TUNABLES",
                    "glibc.malloc.tcache_count=70000:glibc.malloc.nonsense=1:glibc.cpu.hwcaps=x:"
                    "glibc.malloc.mxfast=8x:glibc.malloc.top_pad=4096"},
                   {"MALLOC_ARENA_MAX", "0"},
                   {"MALLOC_TOP_PAD_", "0x1000"},
                   {"FAULTLINE_STATS", "yes"},
                   {"FAULTLINE_CHECK", "-1"}});
  EXPECT_EQ(ending.status, 0);
  EXPECT_EQ(
      ending.errors,
      "faultline: ignored: glibc.malloc.tcache_count=70000 (not a number from 0 to 65535)\n"
      "faultline: ignored: glibc.malloc.nonsense=1 (there is no such tunable)\n"
      "faultline: ignored: glibc.malloc.mxfast=8x (not a number from 0 to 160)\n"
      "faultline: ignored: MALLOC_ARENA_MAX=0 (not a number of at least 1)\n"
      "faultline: ignored: FAULTLINE_STATS=yes (not a number from 0 to 1)\n"
      "faultline: ignored: FAULTLINE_CHECK=-1 (not a number from 0 to 9223372036854775807)\n");
}

}  // namespace
}  // namespace preload_test
