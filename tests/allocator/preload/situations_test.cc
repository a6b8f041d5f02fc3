// Situations that are hard on a malloc end as they do under glibc, to the byte.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/allocator/preload/run_program.h"

namespace preload_test {
namespace {

std::vector<std::string> all_situations() {
  std::vector<std::string> names;
  std::istringstream lines{run_program({SITUATIONS}, "").output};
  for (std::string name; std::getline(lines, name);) names.push_back(name);
  return names;
}

std::string first_difference(const std::string& expected, const std::string& got) {
  std::istringstream theirs{expected};
  std::istringstream ours{got};
  std::string their_line;
  std::string our_line;
  for (int number = 1; theirs || ours; ++number) {
    std::getline(theirs, their_line);
    std::getline(ours, our_line);
    if (their_line == our_line) continue;
    return "line " + std::to_string(number) + ": expected " + their_line + ", got " + our_line;
  }
  return "none";
}

class SituationsTest : public testing::TestWithParam<std::string> {};

/// TLS_BALLAST makes pthread_create allocate as much under glibc as it does under libptmalloc.so.
TEST_P(SituationsTest, EndsAsUnderGlibc) {
  const Ending theirs = run_program({SITUATIONS, GetParam()}, TLS_BALLAST);
  const Ending ours = run_program({SITUATIONS, GetParam()}, PTMALLOC_LIBRARY);
  ASSERT_EQ(theirs.status, 0) << theirs.errors;
  EXPECT_EQ(ours.status, 0) << ours.errors;
  EXPECT_NE(theirs.output, "");
  EXPECT_EQ(first_difference(theirs.output, ours.output), "none");
}

TEST_P(SituationsTest, TheHeapStaysWhole) {
  const Ending ours =
      run_program({SITUATIONS, GetParam()}, PTMALLOC_LIBRARY, {{"FAULTLINE_CHECK", "200"}});
  EXPECT_EQ(ours.status, 0);
  EXPECT_EQ(ours.errors, "");
}

INSTANTIATE_TEST_SUITE_P(Preloaded, SituationsTest, testing::ValuesIn(all_situations()),
                         [](const auto& situation) {
                           std::string name = situation.param;
                           std::erase(name, '-');
                           return name;
                         });

/// A kernel setting. A process of its own puts it back when this one lets go of it, however it
/// ends.
class Setting {
 public:
  Setting(const char* path, const std::string& value) : path_{path} {
    std::string before;
    std::ifstream{path} >> before;
    std::array<int, 2> held{};
    if (pipe2(held.data(), O_CLOEXEC) != 0) throw std::runtime_error{"no pipe"};
    guardian_ = fork();
    if (guardian_ == 0) {
      setsid();
      close(held[1]);
      char end = 0;
      while (read(held[0], &end, 1) > 0) continue;
      std::ofstream{path} << before << std::flush;
      _exit(0);
    }
    close(held[0]);
    held_ = held[1];
    if (guardian_ > 0) std::ofstream{path} << value;
  }
  ~Setting() {
    close(held_);
    waitpid(guardian_, nullptr, 0);
  }
  Setting(const Setting&) = delete;
  Setting& operator=(const Setting&) = delete;
  [[nodiscard]] bool is(const std::string& value) const {
    std::string now;
    std::ifstream{path_} >> now;
    return now == value;
  }

 private:
  const char* path_;
  int held_ = -1;
  pid_t guardian_ = -1;
};

/// With a limit that the rest of the machine, sanitizers' shadows included, does not come near.
TEST(OvercommitTest, AHeapIsTrimmedAsUnderGlibcWhereMemoryIsNeverOvercommitted) {
  const std::vector<std::string> command{SITUATIONS, "a-heap-is-trimmed"};
  const Ending usual = run_program(command, TLS_BALLAST);
  const Setting ratio{"/proc/sys/vm/overcommit_ratio", "1000000"};
  if (!ratio.is("1000000")) GTEST_SKIP() << "vm.overcommit_ratio is not ours to set here";
  const Setting memory{"/proc/sys/vm/overcommit_memory", "2"};
  const Ending theirs = run_program(command, TLS_BALLAST);
  const Ending ours = run_program(command, PTMALLOC_LIBRARY);
  EXPECT_EQ(theirs.status, 0) << theirs.errors;
  EXPECT_EQ(ours.status, 0) << ours.errors;
  EXPECT_NE(usual.output, theirs.output) << "the setting changed nothing";
  EXPECT_EQ(first_difference(theirs.output, ours.output), "none");
}

}  // namespace
}  // namespace preload_test
