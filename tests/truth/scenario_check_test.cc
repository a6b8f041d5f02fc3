// The comparison with the vectors can fail: whatever is changed in a scenario is found.
#include "tests/truth/scenario_check.h"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "tests/truth/scenario.h"
#include "tools/run/sim_runner.h"

namespace truth {
namespace {

/// A change to a scenario; false if the scenario has nothing of that kind.
struct Change {
  const char* name;
  std::function<bool(Scenario&)> apply;
};

/// Applies f to the first operation for which it finds something to change.
template <class F>
std::function<bool(Scenario&)> in_an_operation(F f) {
  return [f](Scenario& scenario) {
    for (Operation& operation : scenario.operations) {
      if (f(operation)) return true;
    }
    return false;
  };
}

/// Applies f to the first fault for which it finds something to change.
template <class F>
std::function<bool(Scenario&)> in_a_fault(F f) {
  return in_an_operation([f](Operation& operation) {
    for (Fault& fault : operation.faults) {
      if (f(fault)) return true;
    }
    return false;
  });
}

std::vector<Change> count_changes() {
  return {{"minor", in_an_operation([](Operation& o) { return ++o.minor > 0; })},
          {"major", in_an_operation([](Operation& o) { return ++o.major > 0; })},
          {"gup", in_an_operation([](Operation& o) { return o.unlocated == 0 && ++o.gup > 0; })},
          {"rss", in_an_operation([](Operation& o) {
             if (!o.rss_kb.empty()) o.rss_kb.begin()->second += 4;
             return !o.rss_kb.empty();
           })},
          {"total", [](Scenario& s) { return ++s.minor > 0; }},
          {"by process", [](Scenario& s) { return ++s.by_process.begin()->second.second > 0; }}};
}

std::vector<Change> fault_changes() {
  return {{"no fault", in_an_operation([](Operation& o) {
             const bool any = !o.faults.empty() && !o.faults_truncated;
             if (any) o.faults.pop_back();
             return any;
           })},
          {"place", in_a_fault([](Fault& f) { return !(f.place = "@0x1230").empty(); })},
          {"access", in_a_fault([](Fault& f) { return !(f.access = "?").empty(); })},
          {"counted", in_a_fault([](Fault& f) { return !(f.counted = "twice").empty(); })},
          {"mode", in_a_fault([](Fault& f) { return !(f.mode = "hypervisor").empty(); })},
          {"error", in_a_fault([](Fault& f) { return f.error && (*f.error += 64) > 0; })},
          {"cause", in_a_fault([](Fault& f) { return f.cause && !(f.cause = "luck")->empty(); })}};
}

std::vector<Change> signal_changes() {
  return {
      {"signal", in_an_operation([](Operation& o) {
         const bool any = o.signal.has_value();
         o.signal.reset();
         return any;
       })},
      {"code", in_an_operation(
                   [](Operation& o) { return o.signal && !(o.signal->code = "NONE").empty(); })},
      {"trap", in_an_operation([](Operation& o) { return o.signal && ++o.signal->trap > 0; })},
      {"signal error", in_an_operation([](Operation& o) { return o.signal && ++o.signal->error; })},
      {"address", in_an_operation([](Operation& o) {
         return o.signal && o.signal->address && !(o.signal->address = "0x1")->empty();
       })}};
}

std::vector<Change> result_changes() {
  return {
      {"returned", in_an_operation([](Operation& o) { return o.returned && ++*o.returned; })},
      {"errno", in_an_operation([](Operation& o) { return !(o.error = "EINTR")->empty(); })},
      {"state",
       [](Scenario& s) { return !s.states.empty() && !(s.states[0].states[0] = "?").empty(); }},
      {"letters",
       [](Scenario& s) { return !s.states.empty() && !(s.states[0].letters[0] = "?").empty(); }},
      {"cache", [](Scenario& s) {
         if (!s.page_cache.empty()) s.page_cache[0].runs.emplace_back(777, 778);
         return !s.page_cache.empty();
       }}};
}

/// Each change is found in every scenario it can be made in, and can be made in some.
void expect_found(const std::vector<Change>& changes) {
  const std::vector<Scenario> scenarios = load(directory() + "/mm.jsonl");
  for (const Change& change : changes) {
    std::size_t applied = 0;
    for (const Scenario& scenario : scenarios) {
      Scenario changed = scenario;
      if (!change.apply(changed)) continue;
      tools::run::SimRunner runner;
      const Verdict verdict = check(changed, runner);
      if (!verdict.skipped.empty()) continue;
      ++applied;
      EXPECT_FALSE(verdict.differences.empty()) << change.name << " of " << scenario.id;
    }
    EXPECT_NE(applied, 0u) << change.name;
  }
}

TEST(ScenarioCheckTest, ChangedCountIsFound) { expect_found(count_changes()); }
TEST(ScenarioCheckTest, ChangedFaultIsFound) { expect_found(fault_changes()); }
TEST(ScenarioCheckTest, ChangedSignalIsFound) { expect_found(signal_changes()); }
TEST(ScenarioCheckTest, ChangedResultIsFound) { expect_found(result_changes()); }

TEST(ScenarioCheckTest, DifferenceNamesLineExpectedAndGot) {
  std::vector<Scenario> scenarios = load(directory() + "/mm.jsonl");
  ASSERT_FALSE(scenarios.empty());
  for (Scenario& scenario : scenarios) {
    if (scenario.id != "anon-write-1") continue;
    scenario.operations[1].minor = 7;
    tools::run::SimRunner runner;
    ASSERT_FALSE(check(scenario, runner).differences.empty());
    EXPECT_EQ(check(scenario, runner).differences[0],
              "line 2 \"write A[3]+17\": minor faults: expected 7, got 1");
    return;
  }
  GTEST_SKIP() << "these vectors have no scenario anon-write-1";
}

}  // namespace
}  // namespace truth
