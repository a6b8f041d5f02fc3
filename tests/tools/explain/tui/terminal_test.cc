// The interactive view in a real terminal, which tmux emulates: keys typed, the screen read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>

namespace tools::explain {
namespace {

using testing::HasSubstr;
using testing::Not;

/// What a command of the shell writes.
std::string output_of(const std::string& command) {
  std::string text;
  std::FILE* const pipe = ::popen(command.c_str(), "r");
  std::array<char, 4096> bytes{};
  while (const std::size_t got = std::fread(bytes.data(), 1, bytes.size(), pipe)) {
    text.append(bytes.data(), got);
  }
  ::pclose(pipe);
  return text;
}

class TerminalTest : public testing::Test {
 protected:
  void SetUp() override {
    if (std::string_view{TMUX}.empty()) GTEST_SKIP() << "tmux is not installed";
    std::string path = (std::filesystem::temp_directory_path() / "terminal-XXXXXX").string();
    ASSERT_NE(::mkdtemp(path.data()), nullptr);
    folder_ = path;
    std::ofstream{folder_ + "/a.fl"} << "p = malloc 1024\nwrite p\nq = malloc 24\nfree p\n";
  }
  void TearDown() override {
    if (folder_.empty()) return;
    (void)tmux("kill-server");
    std::filesystem::remove_all(folder_);
  }

  [[nodiscard]] std::string tmux(const std::string& arguments) const {
    return output_of(TMUX " -S " + folder_ + "/tmux -f /dev/null " + arguments + " 2>&1");
  }
  /// A terminal with a shell in it, and the view in that shell. `before`: of its environment.
  void open(int columns, int rows, const std::string& before = "") const {
    ASSERT_EQ(tmux("new-session -d -x " + std::to_string(columns) + " -y " + std::to_string(rows) +
                   " 'cd " + folder_ + "; PS1=ready: exec bash --norc --noprofile -i'"),
              "");
    expect("ready:");
    type("'stty -a | tail -n +2 > before; clear' Enter");
    begin(before);
  }
  void begin(const std::string& before = "") const {
    type("'" + before + " " FAULTLINE_PROGRAM " explain a.fl --tui' Enter");
    expect("step 1 of 4");
  }
  void type(const std::string& keys) const { (void)tmux("send-keys " + keys); }
  [[nodiscard]] std::string screen(const std::string& options = "") const {
    return tmux("capture-pane -p " + options);
  }
  /// Waits until the screen has it.
  void expect(const std::string& text) const {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (screen().find(text) == std::string::npos && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds{20});
    }
    ASSERT_THAT(screen(), HasSubstr(text));
  }
  /// The view has ended with this status, its screen is gone, the terminal is as it was but for
  /// its size (the first row of stty), and no process of it is left.
  void expect_ended(int status) const {
    expect("\nready:\n");
    EXPECT_THAT(screen(), Not(HasSubstr("step 1 of 4")));
    type("'echo status $?' Enter");
    expect("\nstatus " + std::to_string(status));
    type("'stty -a | tail -n +2 | diff - before && echo as before' Enter");
    expect("\nas before");
    type("'while pgrep -t $(tty | cut -c6-) faultline; do sleep 0.01; done; echo gone' Enter");
    expect("\ngone");
    type("clear Enter");
  }
  /// The numbers of the view's processes, its own first.
  [[nodiscard]] std::string processes() const {
    const std::string tty = tmux("display-message -p '#{pane_tty}'");
    return output_of("ps -o pid=,comm= -t " + tty.substr(0, tty.find('\n')) +
                     " | awk '$2==\"faultline\"{printf \"%s%d\", n++ ? \" \" : \"\", $1}'");
  }
  void kill(const std::string& signal) const {
    const std::string all = processes();
    (void)output_of("kill -" + signal + " " + all.substr(0, all.find(' ')));
  }

  std::string folder_;
};

TEST_F(TerminalTest, KeysStepSearchFollowAndQuit) {
  open(80, 24);
  EXPECT_THAT(screen(), HasSubstr("> heap+0x290 (p)                  1,040 P-- in use"));
  type("Right");
  expect("step 2 of 4  line 2");
  type("End");
  expect("step 4 of 4");
  expect("thread cache 63");
  type("Home");
  expect("step 1 of 4");
  type("/fre Enter");
  expect("step 4 of 4  line 4  \"fre\": 1 of 1");
  type("f Enter");
  expect("chunk of p");
  expect("malloc: the cache's key");
  type("'?'");
  expect("forget what was sought");
  type("q");
  expect("step 4 of 4");
  type("q");
  expect_ended(0);
}

TEST_F(TerminalTest, FollowsTheSizeOfTheTerminal) {
  open(80, 24);
  EXPECT_THAT(screen(), Not(HasSubstr("5 lists")));
  (void)tmux("resize-window -x 160 -y 50");
  expect("-- 5 lists");
  expect("mmap_threshold 131,072");
  (void)tmux("resize-window -x 40 -y 12");
  expect("-- 2 step  1-9 of ");
  EXPECT_THAT(screen(), Not(HasSubstr("1 script")));
  type("Right");
  expect("step 2 of 4");
  type("q");
  expect_ended(0);
}

TEST_F(TerminalTest, SignalsEndItWithTheTerminalAsItWas) {
  open(80, 24);
  type("C-c");
  expect_ended(130);
  begin();
  kill("TERM");
  expect_ended(143);
}

TEST_F(TerminalTest, EndsWithItsTerminal) {
  open(80, 24);
  const std::string living = "ps -o stat= -p '" + processes() + "' | grep -v Z";
  ASSERT_NE(output_of(living), "");
  (void)tmux("kill-server");
  for (int i = 0; i < 500 && !output_of(living).empty(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  EXPECT_EQ(output_of(living), "");
}

TEST_F(TerminalTest, StoppedItGivesTheTerminalBackAndGoesOnWhereItWas) {
  open(80, 24);
  type("Right");
  expect("step 2 of 4");
  type("C-z");
  expect("Stopped");
  type("'stty -a | tail -n +2 | diff - before && echo as before' Enter");
  expect("\nas before");
  type("'clear; fg' Enter");
  expect("step 2 of 4");
  type("Right");
  expect("step 3 of 4");
  type("q");
  expect_ended(0);
}

TEST_F(TerminalTest, ColoursAreOfTheTerminalUnlessNoColorIsSet) {
  open(80, 24);
  EXPECT_THAT(screen("-e"), HasSubstr("\033[32m"));
  type("q");
  expect_ended(0);
  begin("NO_COLOR=1");
  EXPECT_THAT(screen("-e"), Not(HasSubstr("\033[3")));
}

TEST_F(TerminalTest, WithoutATerminalItIsRefusedInOneSentence) {
  const std::string command = "cd " + folder_ + " && " FAULTLINE_PROGRAM " explain a.fl --tui";
  EXPECT_EQ(output_of(command + " 2>&1 < /dev/null; echo $?"),
            "faultline: explain --tui: standard input and output are not a terminal; without --tui "
            "the steps are printed.\n2\n");
}

TEST_F(TerminalTest, TerminalOfAnUnknownKindIsRefusedByItsName) {
  ASSERT_EQ(
      tmux("new-session -d -x 80 -y 24 'cd " + folder_ +
           "; TERM=no-such " FAULTLINE_PROGRAM " explain a.fl --tui; echo status $?; sleep 60'"),
      "");
  expect("(TERM=no-such) is not known");
  expect("status 2");
}

}  // namespace
}  // namespace tools::explain
