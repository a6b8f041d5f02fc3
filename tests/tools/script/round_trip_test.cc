// Properties of the language: what is printed reads back as the same program; no bytes harm it.
#include <gtest/gtest.h>

#include <random>

#include "tests/scripts/random_script.h"
#include "tools/script/error.h"
#include "tools/script/parser.h"
#include "tools/script/print.h"

namespace tools::script {
namespace {

void expect_same(const Program& a, const Program& b) {
  ASSERT_EQ(a.ops.size(), b.ops.size());
  for (std::size_t i = 0; i < a.ops.size(); ++i) {
    EXPECT_EQ(a.ops[i], b.ops[i]) << to_text(a, a.ops[i]) << " | " << to_text(b, b.ops[i]);
  }
  EXPECT_EQ(a.names, b.names);
  EXPECT_EQ(a.files, b.files);
  EXPECT_EQ(a.settings, b.settings);
  EXPECT_EQ(a.processes, b.processes);
  ASSERT_EQ(a.expectations.size(), b.expectations.size());
  for (std::size_t i = 0; i < a.expectations.size(); ++i) {
    Expectation left = a.expectations[i];
    left.text = b.expectations[i].text;  // as written
    EXPECT_EQ(left, b.expectations[i]) << to_text(a, left);
  }
}

TEST(RoundTripTest, PrintedProgramReadsBackAsItself) {
  for (unsigned seed = 0; seed < 400; ++seed) {
    const std::string text = RandomScript{seed, RandomScript::Purpose::Read}.write(60);
    SCOPED_TRACE("seed " + std::to_string(seed));
    Program first;
    ASSERT_NO_THROW(
        try { first = parse(text, "random"); } catch (const ScriptError& error) {
          ADD_FAILURE() << error.rendered();
          throw;
        });
    const std::string printed = to_text(first);
    const Program second = parse(printed, "printed");
    expect_same(first, second);
    EXPECT_EQ(to_text(second), printed);
    if (testing::Test::HasFailure()) return;
  }
}

/// Parses; a ScriptError is the only way to refuse.
void digest(const std::string& text) {
  try {
    (void)parse(text, "garbage");
  } catch (const ScriptError& error) {
    EXPECT_FALSE(error.rendered().empty());
  }
}

TEST(GarbageTest, AnyBytesAreReadOrRefused) {
  std::mt19937 random{1};
  std::uniform_int_distribution<int> byte{0, 255};
  for (int round = 0; round < 3000; ++round) {
    std::string text(static_cast<std::size_t>(byte(random)), ' ');
    for (char& c : text) c = static_cast<char>(byte(random));
    digest(text);
  }
}

TEST(GarbageTest, DamagedScriptsAreReadOrRefused) {
  std::mt19937 random{2};
  for (unsigned seed = 0; seed < 2000; ++seed) {
    std::string text = RandomScript{seed, RandomScript::Purpose::Read}.write(12);
    for (int change = 0; change < 3; ++change) {
      const std::size_t at = random() % text.size();
      const std::string bits = "[]..+-@:= 9x8Tp#\nreadby";
      switch (random() % 3) {
        case 0:
          text[at] = bits[random() % bits.size()];
          break;
        case 1:
          text.erase(at, 1 + random() % 4);
          break;
        default:
          text.insert(at, 1, bits[random() % bits.size()]);
      }
      if (text.empty()) break;
    }
    digest(text);
  }
}

TEST(GarbageTest, ExtremeNumbersAreReadOrRefused) {
  for (const char* number :
       {"0", "0x", "9223372036854775807", "9223372036854775808", "18446744073709551616",
        "-9223372036854775807", "0xffffffffffffffff", "9007199254740992p", "1T", "8388608T"}) {
    for (const char* before : {"p = malloc ", "brk ", "brk -", "read @", "read heap[", "read heap+",
                               "read heap[-", "read heap[0..", "read heap[-5..5 by ",
                               "read heap[1]+", "sysctl page_cluster ", "mallopt "}) {
      for (const char* after : {"", "]", "]+5", " 1", "..5]"}) {
        digest(std::string{before} + number + after);
      }
    }
  }
}

}  // namespace
}  // namespace tools::script
