// A program of random calls, threads and forks keeps the same diary under libptmalloc.so as under
// glibc: every address, size, error and statistic.
#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "tests/allocator/preload/run_program.h"

namespace preload_test {
namespace {

constexpr int kOperations = 12'000;

std::string first_difference(const std::string& expected, const std::string& got) {
  std::istringstream theirs{expected};
  std::istringstream ours{got};
  std::string their_line;
  std::string our_line;
  for (int number = 1;; ++number) {
    const bool more_theirs = static_cast<bool>(std::getline(theirs, their_line));
    const bool more_ours = static_cast<bool>(std::getline(ours, our_line));
    if (!more_theirs && !more_ours) return "none";
    if (more_theirs != more_ours || their_line != our_line) {
      std::ostringstream text;
      text << "line " << number << ": expected " << their_line << ", got " << our_line;
      return text.str();
    }
  }
}

/// TLS_BALLAST makes pthread_create allocate as much under glibc as it does under libptmalloc.so.
void expect_same_diary(int seed, int threads, const Environment& environment = {}) {
  const std::vector<std::string> command{DIARY, std::to_string(seed), std::to_string(kOperations),
                                         std::to_string(threads)};
  const Ending theirs = run_program(command, threads == 0 ? "" : TLS_BALLAST, environment);
  const Ending ours = run_program(command, PTMALLOC_LIBRARY, environment);
  ASSERT_EQ(theirs.status, 0) << theirs.errors;
  ASSERT_GT(theirs.output.size(), std::size_t{kOperations});
  EXPECT_EQ(ours.status, 0) << ours.errors;
  EXPECT_EQ(first_difference(theirs.output, ours.output), "none") << "seed " << seed;
  EXPECT_EQ(theirs.errors, ours.errors) << "malloc_stats, seed " << seed;
}

TEST(DiaryTest, OfOneThreadIsGlibcs) {
  for (int seed = 1; seed <= 10; ++seed) expect_same_diary(seed, 0);
}
TEST(DiaryTest, OfThreadsThatEndAndForkIsGlibcs) {
  for (int seed = 1; seed <= 10; ++seed) expect_same_diary(seed, 2 * seed);
}
TEST(DiaryTest, OfThreadsThatShareArenasIsGlibcs) {
  for (int seed = 1; seed <= 5; ++seed) expect_same_diary(seed, 8, {{"MALLOC_ARENA_MAX", "3"}});
}
TEST(DiaryTest, UnderTunablesIsGlibcs) {
  const char* const settings[] = {
      "glibc.malloc.tcache_count=0",
      "glibc.malloc.tcache_max=300",
      "glibc.malloc.mxfast=0:glibc.malloc.perturb=85",
      "glibc.malloc.top_pad=0:glibc.malloc.arena_max=1",
      "glibc.malloc.mmap_threshold=4096",
      "glibc.malloc.hugetlb=1",
      "glibc.malloc.trim_threshold=4096:glibc.malloc.tcache_unsorted_limit=3"};
  int seed = 100;
  for (const char* const setting : settings) {
    for (const int threads : {0, 5}) {
      expect_same_diary(++seed, threads, {{"GLIBC_TUNABLES", setting}});
    }
  }
}

}  // namespace
}  // namespace preload_test
