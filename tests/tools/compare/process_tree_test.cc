// Real programs, run to their end.
#include "tools/compare/process_tree.h"

#include <gtest/gtest.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <vector>

namespace tools::compare {
namespace {

using std::chrono::milliseconds;

TreeCommand shell(const std::string& script) {
  return {.program = "/bin/sh", .command = {"sh", "-c", script}};
}

TEST(ProcessTreeTest, TellsHowTheProgramEnded) {
  EXPECT_EQ(run_tree(shell("exit 0")).words(), "ok");
  EXPECT_EQ(run_tree(shell("exit 3")).words(), "exit status 3");
  EXPECT_EQ(run_tree(shell("kill -SEGV $$")).words(), "SIGSEGV");
}

TEST(ProcessTreeTest, AHangIsEndedWithAllItStarted) {
  TreeCommand command = shell("setsid sleep 61 & sleep 62");
  command.limit = milliseconds{200};
  const TreeEnd end = run_tree(command);
  EXPECT_TRUE(end.timed_out);
  EXPECT_EQ(end.words(), "timed out");
  EXPECT_LT(end.wall_s, 10);
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "a process was left behind";
}

TEST(ProcessTreeTest, WaitsForOrphansAndCountsThem) {
  const TreeEnd end = run_tree(shell("(sleep 0.3; " TOUCH " 2000) & exit 0"));
  EXPECT_TRUE(end.good());
  EXPECT_GE(end.wall_s, 0.3);
  EXPECT_GE(end.minor, 2000u);
}

TEST(ProcessTreeTest, FaultsOfAllProcessesAddUp) {
  const auto faults = [](const std::string& script) { return run_tree(shell(script)).minor; };
  const auto none = faults(TOUCH " 0; " TOUCH " 0; true");
  const auto some = faults(TOUCH " 3000; " TOUCH " 4000; true");
  EXPECT_NEAR(static_cast<double>(some - none), 7000, 60);  // the page tables' neighbours vary
}

/// Where the loader puts libraries, which a program's faults hang on, is the same for all that are
/// started meanwhile.
class WithoutRandomAddresses {
 public:
  WithoutRandomAddresses() { personality(static_cast<unsigned long>(before_) | ADDR_NO_RANDOMIZE); }
  ~WithoutRandomAddresses() { personality(static_cast<unsigned long>(before_)); }
  WithoutRandomAddresses(const WithoutRandomAddresses&) = delete;
  WithoutRandomAddresses& operator=(const WithoutRandomAddresses&) = delete;

 private:
  static constexpr unsigned long kAsk = 0xffff'ffff;
  int before_ = personality(kAsk);
};

TEST(ProcessTreeTest, WhatWeUseOurselvesIsNotTheProgramsOwn) {
  const WithoutRandomAddresses fixed;
  const TreeEnd before = run_tree({.program = TOUCH, .command = {TOUCH, "0"}});
  const std::vector<char> large(100 << 20, 'x');
  const TreeEnd after = run_tree({.program = TOUCH, .command = {TOUCH, "0"}});
  EXPECT_NEAR(static_cast<double>(before.minor), static_cast<double>(after.minor), 3);
  EXPECT_LT(after.peak_rss_kb, 10'000u) << large.front();
}

TEST(ProcessTreeTest, WhatIsPrintedCanBeKept) {
  TreeCommand command = shell("echo said; echo complained >&2");
  command.output = testing::TempDir() + "tree.out";
  command.errors = testing::TempDir() + "tree.err";
  EXPECT_TRUE(run_tree(command).good());
  std::ifstream out{command.output}, err{command.errors};
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>{out}, {}), "said\n");
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>{err}, {}), "complained\n");
}

TEST(ProcessTreeTest, AProgramThatCannotBeRunIsRefused) {
  try {
    static_cast<void>(run_tree({.program = "/etc/passwd", .command = {"x"}}));
    FAIL() << "it ran";
  } catch (const std::runtime_error& refused) {
    EXPECT_STREQ(refused.what(), "the program cannot be run: Permission denied");
  }
}

TEST(ProcessTreeTest, TheProgramInheritsNothingOfOurs) {
  const std::string list = "ls /proc/self/fd | wc -l";
  const std::string before = testing::TempDir() + "tree.before";
  ASSERT_EQ(std::system((list + " >" + before).c_str()), 0);  // NOLINT(cert-env33-c): our own words
  EXPECT_TRUE(run_tree(shell("test \"$(" + list + ")\" = \"$(cat " + before + ")\"")).good());
  EXPECT_TRUE(run_tree(shell("grep -q 'SigBlk:.0000000000000000' /proc/self/status")).good());
}

}  // namespace
}  // namespace tools::compare
