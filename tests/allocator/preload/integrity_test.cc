// Mistakes of programs stop them with glibc's own words, under glibc and under libptmalloc.so
// alike.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/allocator/preload/run_program.h"

namespace preload_test {
namespace {

struct Mistake {
  std::string name;
  std::string message;
};
void PrintTo(const Mistake& mistake, std::ostream* out) { *out << mistake.name; }

std::vector<Mistake> all_mistakes() {
  std::vector<Mistake> mistakes;
  std::istringstream lines{run_program({MISUSE}, "").output};
  for (Mistake mistake; std::getline(lines, mistake.name, '\t');) {
    std::getline(lines, mistake.message);
    mistakes.push_back(mistake);
  }
  return mistakes;
}

class IntegrityTest : public testing::TestWithParam<Mistake> {
 protected:
  static void expect_death(const std::string& library, const Environment& environment = {}) {
    const Ending ending = run_program({MISUSE, GetParam().name}, library, environment);
    EXPECT_TRUE(WIFSIGNALED(ending.status) && WTERMSIG(ending.status) == SIGABRT)
        << "status " << ending.status;
    EXPECT_EQ(ending.errors, GetParam().message + '\n');
  }
};

TEST_P(IntegrityTest, GlibcDiesOfIt) { expect_death(""); }
TEST_P(IntegrityTest, PtmallocDiesOfItWithTheSameWords) { expect_death(PTMALLOC_LIBRARY); }
TEST_P(IntegrityTest, PtmallocDiesOfItWhenWatched) {
  expect_death(PTMALLOC_LIBRARY, {{"FAULTLINE_STATS", "1"}});
}

INSTANTIATE_TEST_SUITE_P(Misuse, IntegrityTest, testing::ValuesIn(all_mistakes()),
                         [](const auto& mistake) {
                           std::string name = mistake.param.name;
                           std::erase(name, '-');
                           return name;
                         });

/// The text of a source file without its comments.
std::string code_of(const std::filesystem::path& file) {
  std::ifstream in{file};
  std::string code;
  for (std::string line; std::getline(in, line);) code += line.substr(0, line.find("//")) + '\n';
  return code;
}

/// The core's messages: literals with a blank in them, neighbouring ones joined.
std::set<std::string> messages_in(const std::string& code) {
  static const std::regex kLiterals{R"re("[^"\n]*"(\s*"[^"\n]*")*)re"};
  static const std::regex kSeam{R"re("\s*"|^"|"$)re"};
  std::set<std::string> messages;
  for (std::sregex_iterator found{code.begin(), code.end(), kLiterals}, end; found != end;
       ++found) {
    const std::string message = std::regex_replace(found->str(), kSeam, "");
    if (message.find(' ') != std::string::npos) messages.insert(message);
  }
  return messages;
}

TEST(IntegrityTest, EveryMessageOfTheCoreIsProvoked) {
  // What comes between two checks, which no program brings about at will: RacingTest does.
  std::set<std::string> provoked{"malloc(): corrupted unsorted chunks 3"};
  for (const Mistake& mistake : all_mistakes()) provoked.insert(mistake.message);
  for (const auto& file : std::filesystem::directory_iterator{CORE_SOURCES}) {
    const std::string name = file.path().filename();
    const std::string code = code_of(file.path());
    if (name == "real_memory.h" || code.find("die(") == std::string::npos) continue;
    for (const std::string& message : messages_in(code)) {
      EXPECT_TRUE(provoked.contains(message)) << name << ": " << message;
    }
  }
}

}  // namespace
}  // namespace preload_test
