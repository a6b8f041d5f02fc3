// The fault log and the Chrome trace of simulated and of real runs.
#include "tools/report/fault_log.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>

#include "tools/report/chrome_trace.h"
#include "tools/run/kernel_runner.h"
#include "tools/run/sim_runner.h"
#include "tools/script/parser.h"

namespace tools::report {
namespace {

constexpr const char* kScript =
    "p = malloc 1024\nwrite p\nfork child\nchild: write p\nread @0x8\nthread t\nt: read text\n";

class FaultLogTest : public testing::TestWithParam<bool> {
 protected:
  FaultLogTest() {
    run::RunOptions options;
    options.keep_going = true;
    if (GetParam())
      outcome_ = run::SimRunner{}.run(program_, options);
    else
      outcome_ = run::KernelRunner{{}}.run(program_, options);
  }
  void SetUp() override {
    if (!outcome_.has_addresses) GTEST_SKIP() << outcome_.missing.front();
  }
  [[nodiscard]] Logged logged() const {
    return {program_, outcome_, {.causes = outcome_.has_causes, .writers = GetParam()}, "here"};
  }
  std::vector<std::string> lines() const {
    std::istringstream in{fault_log(logged())};
    std::vector<std::string> all;
    for (std::string line; std::getline(in, line);) all.push_back(line);
    return all;
  }

  const script::Program program_ = script::parse(kScript, "test.fl");
  run::RunOutcome outcome_;
};

TEST_P(FaultLogTest, EveryFaultIsOneLineOfTheTracer) {
  const std::regex form{
      R"(\d+(\.\d{9})? \d+ 0x[0-9a-f]+ access:[rwx?] type:(MINOR|MAJOR|SIGSEGV) cause:[a-z_?]+ place:\S+)"};
  const auto log = lines();
  ASSERT_EQ(log.size(), outcome_.faults.size() + 1);
  EXPECT_EQ(log[0].rfind("# test.fl on here; time: ", 0), 0u) << log[0];
  for (std::size_t i = 1; i < log.size(); ++i)
    EXPECT_TRUE(std::regex_match(log[i], form)) << log[i];
}

TEST_P(FaultLogTest, FaultComesFromInsideMalloc) {
  const std::string line = lines()[outcome_.ops[0].fault_count];
  EXPECT_NE(line.find(" access:w type:MINOR "), std::string::npos) << line;
  EXPECT_NE(line.find(" place:heap+8"), std::string::npos) << line;
}

TEST_P(FaultLogTest, ChildHasAnotherPid) {
  const auto pid = [&](std::size_t op) {
    std::istringstream in{lines()[outcome_.ops[op].first_fault + 1]};
    std::string time;
    std::string number;
    in >> time >> number;
    return number;
  };
  EXPECT_NE(pid(0), pid(3));
  EXPECT_EQ(pid(0), pid(4));
}

TEST_P(FaultLogTest, TimesNeverRunBackwards) {
  const Timeline timeline = timeline_of(outcome_);
  EXPECT_EQ(timeline.clock, GetParam() ? Clock::Sequence : Clock::Measured);
  for (std::size_t i = 1; i < timeline.faults.size(); ++i)
    EXPECT_LT(timeline.faults[i - 1].start, timeline.faults[i].start);
}

TEST_P(FaultLogTest, FaultsLieWithinTheirOperation) {
  const Timeline timeline = timeline_of(outcome_);
  for (std::size_t op = 0; op < outcome_.ops.size(); ++op) {
    const Span& whole = timeline.ops[op];
    for (std::size_t i = 0; i < outcome_.ops[op].fault_count; ++i) {
      const Span& fault = timeline.faults[outcome_.ops[op].first_fault + i];
      EXPECT_GE(fault.start, whole.start);
      EXPECT_LE(fault.start + fault.length, whole.start + whole.length);
    }
  }
}

/// "Trace Event Format": what each phase must have.
void expect_documented(const Json& event) {
  for (const char* key : {"name", "ph", "pid", "tid"}) ASSERT_TRUE(event.contains(key)) << event;
  EXPECT_TRUE(event["name"].is_string() && event["pid"].is_number() && event["tid"].is_number());
  const std::string phase = event["ph"];
  if (phase == "M") {
    EXPECT_TRUE(event["name"] == "process_name" || event["name"] == "thread_name") << event;
    EXPECT_TRUE(event["args"]["name"].is_string()) << event;
    return;
  }
  EXPECT_TRUE(event["ts"].is_number() && event["ts"] >= 0) << event;
  EXPECT_TRUE(event["cat"].is_string()) << event;
  if (phase == "X") {
    EXPECT_TRUE(event["dur"].is_number() && event["dur"] >= 0) << event;
  } else {
    EXPECT_EQ(phase, "i") << event;
    EXPECT_EQ(event["s"], "t") << event;
  }
}

TEST_P(FaultLogTest, ChromeTraceIsWhatTheFormatAsksFor) {
  const Json trace = Json::parse(chrome_trace({logged()}).dump());
  ASSERT_TRUE(trace["traceEvents"].is_array());
  EXPECT_EQ(trace["displayTimeUnit"], "ns");
  std::size_t operations = 0;
  std::size_t faults = 0;
  for (const Json& event : trace["traceEvents"]) {
    expect_documented(event);
    if (!event.contains("cat")) continue;
    ++(event["cat"] == "fault" ? faults : operations);
  }
  EXPECT_EQ(operations, program_.ops.size());
  EXPECT_EQ(faults, outcome_.faults.size());
}

TEST_P(FaultLogTest, EachTaskHasATrackOfItsOwn) {
  const Json trace = chrome_trace({logged()});
  std::set<std::pair<std::int64_t, std::int64_t>> named;
  std::set<std::pair<std::int64_t, std::int64_t>> used;
  for (const Json& event : trace["traceEvents"]) {
    auto& tracks = event["ph"] == "M" ? named : used;
    tracks.emplace(event["pid"], event["tid"]);
  }
  EXPECT_EQ(named.size(), 3u);
  EXPECT_EQ(used, named);
}

INSTANTIATE_TEST_SUITE_P(Machines, FaultLogTest, testing::Values(true, false),
                         [](const auto& where) { return where.param ? "Simulated" : "Real"; });

TEST(ChromeTraceTest, TwoSimulatedRunsShareNoTrack) {
  const script::Program program = script::parse("read text\n", "test.fl");
  const run::RunOutcome outcome = run::SimRunner{}.run(program, {});
  const Logged logged{program, outcome, {}, "simulated"};
  const Json trace = chrome_trace({logged, logged});
  std::set<std::int64_t> pids;
  for (const Json& event : trace["traceEvents"]) pids.emplace(event["pid"]);
  EXPECT_EQ(pids.size(), 2u);
}

}  // namespace
}  // namespace tools::report
