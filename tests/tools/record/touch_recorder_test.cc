// record --touches on a program whose touches are known.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/tools/verbs/command_line.h"
#include "tools/trace/trace_reader.h"

namespace {

using nlohmann::json;
using tools::script::Verb;
using tools::trace::Event;
using tools::verbs::testing::Result;

constexpr std::uint64_t kPage = 4096;

class TouchRecorderTest : public tools::verbs::testing::CommandLineTest {
 protected:
  /// False: this machine gives no perf events.
  bool record(const std::string& options, const std::string& program) const {
    const Result result = run("record --touches -o t " + options + " -- " + program);
    EXPECT_TRUE(result.status == 0 || result.status == 3) << result.err;
    return result.status == 0;
  }

  /// The touches of blocks of `bytes` bytes in a process, each as "write 4196".
  [[nodiscard]] std::vector<std::string> touches(std::uint32_t process, std::uint64_t bytes) const {
    const tools::trace::TraceReader reader{file("t")};
    std::vector<std::string> found;
    std::map<tools::trace::BlockNumber, std::uint64_t> sizes;
    std::vector<std::uint32_t> lineage{process};
    if (reader.processes()[process].forked_from >= 0) lineage.insert(lineage.begin(), 0);
    for (const std::uint32_t each : lineage) {
      tools::trace::EventCursor cursor{reader, each};
      const std::uint64_t until = each == process ? ~0ull : reader.processes()[process].fork_event;
      for (std::uint64_t i = 0; i < until; ++i) {
        const Event* event = cursor.next();
        if (event == nullptr) break;
        if (tools::trace::allocates(event->verb)) sizes[event->block] = event->n;
        if (each != process || !tools::trace::is_touch(event->verb)) continue;
        if (sizes[event->block] != bytes) continue;
        found.push_back(std::string{tools::script::to_string(event->verb)} + " " +
                        std::to_string(event->n));
      }
    }
    return found;
  }
};

TEST_F(TouchRecorderTest, EachFirstTouchOfAPageIsThereAndMallocsOwnAreNot) {
  if (!record("", TOUCHER)) GTEST_SKIP() << "no perf events";
  std::vector<std::string> expected;
  for (std::uint64_t i = 1; i < 64; ++i)
    expected.push_back("write " + std::to_string(i * kPage + 100));
  expected.push_back("read " + std::to_string(64 * kPage + 100));
  EXPECT_EQ(touches(0, 1048576 + 777), expected);
}

TEST_F(TouchRecorderTest, ForkedChildsCopiesAreItsOwn) {
  if (!record("", TOUCHER)) GTEST_SKIP() << "no perf events";
  EXPECT_EQ(touches(1, 1048576 + 777),
            std::vector<std::string>{"write " + std::to_string(2 * kPage + 5)});
  EXPECT_EQ(touches(1, 300777), std::vector<std::string>{"write " + std::to_string(5 * kPage)});
}

TEST_F(TouchRecorderTest, FreshPagesShowTheTouchesOfMemoryThatIsUsedAgain) {
  if (!record("", TOUCHER)) GTEST_SKIP() << "no perf events";
  const std::size_t once = touches(0, 20777).size();
  ASSERT_TRUE(record("--force --fresh-pages", TOUCHER));
  // A mapping of its own begins with 16 bytes of header, and the program's bytes follow.
  EXPECT_EQ(touches(0, 20777).size(), 2 * ((20777 + 16 + kPage - 1) / kPage - 1));
  EXPECT_LT(once, touches(0, 20777).size());
}

TEST_F(TouchRecorderTest, ReplayDoesTheRecordedTouchesOnAnyMachine) {
  if (!record("", TOUCHER)) GTEST_SKIP() << "no perf events";
  const Result verified = run("verify t");
  EXPECT_EQ(verified.status, 0) << verified.out << verified.err;
  const auto in_program = [this](const std::string& more) {
    return json::parse(run("replay --format json t " + more).out)["totals"]["in_program"]
        .get<int>();
  };
  const int touches_recorded = in_program("--process 0");
  EXPECT_GE(touches_recorded, 64);
  EXPECT_EQ(in_program("--process 0 --touch recorded"), touches_recorded);
  EXPECT_EQ(in_program("--process 0 --touch none"), 0);
  const int large_pages = in_program("--process 0 --machine arm64-64k");
  EXPECT_GE(large_pages, 4);
  EXPECT_LT(large_pages, touches_recorded / 8);
}

TEST_F(TouchRecorderTest, ProgramsOwnMappingsAreThereWithTheirTouches) {
  if (!record("", MAPPER)) GTEST_SKIP() << "no perf events";
  const auto at = [](const std::string& verb, std::uint64_t page, std::uint64_t byte = 0) {
    return verb + " " + std::to_string(page * kPage + byte);
  };
  std::vector<std::string> expected;
  for (std::uint64_t i = 0; i < 8; ++i) expected.push_back(at("write", i, 7));
  for (const auto& touch : {at("read", 20), at("write", 20), at("write", 1)})
    expected.push_back(touch);
  EXPECT_EQ(touches(0, 40 * kPage), expected);
  EXPECT_EQ(touches(0, 5 * kPage), std::vector<std::string>{at("write", 4)});
  EXPECT_EQ(touches(1, 40 * kPage), std::vector<std::string>{at("write", 1)});
  const std::vector<std::string> moved{at("write", 3), at("write", 600)};
  EXPECT_EQ(touches(0, 700 * kPage), moved);
  EXPECT_EQ(touches(0, 33 * kPage), std::vector<std::string>{at("write", 3)});
  EXPECT_EQ(touches(1, 5 * kPage), std::vector<std::string>{at("write", 0)});
}

TEST_F(TouchRecorderTest, ProgramsOwnMappingsFaultTheSameOnBothMachines) {
  if (!record("", MAPPER)) GTEST_SKIP() << "no perf events";
  for (const std::string process : {"0", "1"}) {
    const Result verified = run("verify --process " + process + " t");
    EXPECT_EQ(verified.status, 0) << verified.out << verified.err;
  }
}

TEST_F(TouchRecorderTest, WhatTheKernelRefusedIsNotRecordedAndWhatItDidBeforeAHoleIs) {
  if (!record("", REFUSED)) GTEST_SKIP() << "no perf events";
  const auto count = [this](std::uint64_t pages) {
    std::map<Verb, int> verbs;
    std::map<tools::trace::BlockNumber, std::uint64_t> sizes;
    const tools::trace::TraceReader reader{file("t")};
    tools::trace::EventCursor cursor{reader, 0};
    while (const Event* event = cursor.next()) {
      if (tools::trace::allocates(event->verb)) sizes[event->block] = event->n;
      if (sizes[event->block] == pages * kPage) ++verbs[event->verb];
    }
    return verbs;
  };
  EXPECT_EQ(count(6), (std::map<Verb, int>{{Verb::Mmap, 1}, {Verb::Write, 6}}));
  // Before the hole and behind it: the advice to drop; the other one stops there.
  EXPECT_EQ(count(16), (std::map<Verb, int>{{Verb::Mmap, 1},
                                            {Verb::Munmap, 1},
                                            {Verb::Mprotect, 2},
                                            {Verb::Madvise, 3},
                                            {Verb::Write, 4}}));
  const Result verified = run("verify t");
  EXPECT_EQ(verified.status, 0) << verified.out << verified.err;
}

TEST_F(TouchRecorderTest, TraceWithoutTouchesSaysSo) {
  ASSERT_EQ(run("record -q -o t -- " TOUCHER).status, 0);
  expect_refused("replay --touch recorded t", "--touches");
  EXPECT_EQ(run("replay t").status, 0);
  expect_refused("record --fresh-pages -o u -- " TOUCHER, "--touches");
}

TEST_F(TouchRecorderTest, OutputThatIsThereIsRefusedBeforeTheProgramRuns) {
  write("t", "precious");
  expect_refused("record --touches -o t -- /usr/bin/touch ran", "--force");
  EXPECT_FALSE(std::filesystem::exists(file("ran")));
}

}  // namespace
