// What a simulated run used of the TLB, as replay shows it.
#include "tools/report/tlb_use.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "tools/run/sim_runner.h"
#include "tools/script/parser.h"

namespace tools::report {
namespace {

pagesim::TlbUse use_of(const std::string& text) {
  const auto program = script::parse(text, "test.fl");
  return run::SimRunner{}.run(program, {}).tlb.value();
}

TEST(TlbUseTest, CountsNothingBeforeTheFirstOperation) {
  const Json json = to_json(use_of(""));
  EXPECT_EQ(json["hits"], 0);
  EXPECT_EQ(json["walks"], 0);
  EXPECT_TRUE(json["flushes"].empty());
}

TEST(TlbUseTest, EachChangeOfTheTablesHasItsFlushes) {
  const Json json =
      to_json(use_of("A = mmap 4p anon private rw\n"
                     "write A[..]\n"
                     "mprotect A[0..0] r\n"
                     "mprotect A[1..2] r\n"
                     "fork child\n"
                     "madvise A[3..3] DONTNEED\n"));
  EXPECT_EQ(json["flushes"]["mprotect"],
            (Json{{"page", 1}, {"range", 1}, {"all", 0}, {"dropped", 3}}));
  EXPECT_GT(json["flushes"]["fork"]["range"], 0);
  EXPECT_EQ(json["flushes"]["zap"]["page"], 1);
  EXPECT_FALSE(json["flushes"].contains("truncate"));
}

TEST(TlbUseTest, WalksAreMissesAndRechecks) {
  const Json json = to_json(use_of("A = mmap 2p anon private rw\nread A\nwrite A\nread A[1]\n"));
  EXPECT_GT(json["rechecks"], 0);
  EXPECT_EQ(json["walks"], json["misses"].get<int>() + json["rechecks"].get<int>());
}

TEST(TlbUseTest, TextSaysWhatTheJsonSays) {
  const auto use = use_of("A = mmap 1p anon private rw\nwrite A\nmunmap A\n");
  const std::string text = to_text(use);
  const Json json = to_json(use);
  EXPECT_NE(text.find("walks " + json["walks"].dump()), std::string::npos) << text;
  EXPECT_NE(text.find("zap (page 1)"), std::string::npos) << text;
}

TEST(TlbUseTest, ManyChangesAreBrokenIntoLinesOfATerminal) {
  pagesim::TlbUse use;
  for (auto& counts : use.flushes) counts.asked = {1'000'000, 1, 1};
  std::istringstream text{to_text(use)};
  for (std::string line; std::getline(text, line);) EXPECT_LE(line.size(), 80u) << line;
}

}  // namespace
}  // namespace tools::report
