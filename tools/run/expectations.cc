// Checks the `expect` lines of a program on a run.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "tools/run/compare_runs.h"
#include "tools/run/place.h"
#include "tools/script/words.h"

namespace tools::run {
namespace {

using script::Expectation;
using script::Program;

bool asks_for_rss(const Expectation& e) noexcept {
  return e.rss_anon || e.rss_file || e.rss_shmem || e.rss_swap || e.page_tables;
}

/// What the processor told of a fault: x86's error code, arm64's syndrome in its place; nothing
/// where it is not known.
std::optional<std::uint64_t> reported(const pagesim::FaultRecord& fault) noexcept {
  if (fault.error_code) return *fault.error_code;
  if (fault.esr != 0) return fault.esr;
  return std::nullopt;
}

bool same_report(const pagesim::FaultRecord& got, const script::ExpectedFault& wanted) noexcept {
  const auto told = reported(got);
  return !told || !wanted.error_code || *told == *wanted.error_code;
}

/// Checks expectations in the order of the operations.
class Checker {
 public:
  Checker(const Program& program, const RunOutcome& run)
      : program_{program}, run_{run}, places_{program, run} {}
  std::vector<BrokenExpectation> check();

 private:
  void check(const Expectation& expected);
  void counts(const Expectation& expected);
  void resident_set(const Expectation& expected);
  void signal(const Expectation& expected);
  void fault(const Expectation& expected);
  void address(const Expectation& expected);
  void pages(const Expectation& expected, std::size_t answer);
  void broken(const Expectation& expected, std::string got) {
    broken_.push_back({&expected, std::move(got)});
  }
  template <class T>
  void same(const Expectation& expected, const char* word, const std::optional<T>& wanted, T got) {
    if (wanted && *wanted != got) broken(expected, fmt::format("{} {}", word, got));
  }

  const Program& program_;
  const RunOutcome& run_;
  Places places_;
  std::map<std::size_t, std::size_t> next_fault_;  ///< by operation
  std::size_t next_pages_ = 0;
  std::vector<BrokenExpectation> broken_;
};

std::vector<BrokenExpectation> Checker::check() {
  std::size_t advanced = 0;
  for (const Expectation& expected : program_.expectations) {
    for (; advanced <= expected.op; ++advanced) places_.advance(advanced);
    check(expected);
  }
  return std::move(broken_);
}

void Checker::check(const Expectation& expected) {
  const std::size_t answer = expected.pages_of ? next_pages_++ : 0;
  if (!run_.ops[expected.op].ran) {
    return broken(expected, "the line was not run: its process had ended");
  }
  if (expected.pages_of) {
    pages(expected, answer);
  } else if (expected.fault) {
    fault(expected);
  } else if (expected.at) {
    address(expected);
  } else {
    counts(expected);
    resident_set(expected);
    signal(expected);
  }
}

void Checker::counts(const Expectation& expected) {
  const OpOutcome& got = run_.ops[expected.op];
  same(expected, "minor", expected.minor, std::uint64_t{got.minor});
  same(expected, "major", expected.major, std::uint64_t{got.major});
  same(expected, "returned", expected.returned, got.returned);
  if (!expected.error) return;
  const auto word = script::word_of(script::error_words(), got.error);
  same(expected, "error", expected.error,
       word.empty() ? std::to_string(got.error)  //
                    : std::string{word});
}

void Checker::resident_set(const Expectation& expected) {
  if (!asks_for_rss(expected)) return;
  const auto found = std::find_if(run_.rss.begin(), run_.rss.end(),
                                  [&](const auto& entry) { return entry.first == expected.op; });
  if (found == run_.rss.end()) return broken(expected, "the resident set was not recorded");
  same(expected, "rss_anon", expected.rss_anon, found->second.anon);
  same(expected, "rss_file", expected.rss_file, found->second.file);
  same(expected, "rss_shmem", expected.rss_shmem, found->second.shmem);
  same(expected, "rss_swap", expected.rss_swap, found->second.swap);
  same(expected, "page_tables", expected.page_tables, found->second.page_tables);
}

void Checker::signal(const Expectation& expected) {
  if (!expected.signal) return;
  const pagesim::SignalInfo* const got = signal_of(run_, expected.op);
  const std::string name = got != nullptr ? signal_word(got->number) : "none";
  const std::string code = got != nullptr ? signal_code_word(got->number, got->code) : "";
  const bool holds =
      name == *expected.signal && (!expected.signal_code || code == *expected.signal_code);
  if (!holds) broken(expected, fmt::format("signal {} {}", name, code));
}

void Checker::fault(const Expectation& expected) {
  const auto events = events_of(run_, expected.op);
  const std::size_t number = next_fault_[expected.op]++;
  if (!run_.has_addresses) return broken(expected, "the machine does not tell where faults were");
  const OpOutcome& op = run_.ops[expected.op];
  const bool hidden = !run_.has_kernel_events && events.empty() && op.minor + op.major != 0;
  if (hidden) return;  // taken inside a system call, where this user may not look
  if (number >= events.size()) return broken(expected, "no more faults");
  const pagesim::FaultRecord& got = events[number];
  const script::ExpectedFault& wanted = *expected.fault;
  const std::uint32_t task = program_.ops[expected.op].process;
  const bool holds = places_.resolve(task, wanted.place) == got.address &&
                     (!got.access || *got.access == wanted.access) &&
                     got.outcome == wanted.outcome &&
                     (got.cause == pagesim::Cause::Unknown || got.cause == wanted.cause) &&
                     same_report(got, wanted);
  if (holds) return;
  std::string text = "fault " + describe(got, places_.text(task, got.address));
  const auto told = reported(got);
  if (wanted.error_code && told) text += fmt::format(" error_code {:#x}", *told);
  broken(expected, text);
}

void Checker::address(const Expectation& expected) {
  const std::uint32_t task = program_.ops[expected.op].process;
  const pagesim::VirtAddr got{run_.ops[expected.op].address};
  if (places_.resolve(task, *expected.at) == got) return;
  broken(expected, got.is_null() ? "at null" : "at " + places_.text(task, got));
}

void Checker::pages(const Expectation& expected, std::size_t answer) {
  if (answer >= run_.pages.size()) return broken(expected, "page states were not recorded");
  const PageStates& got = run_.pages[answer];
  if (same_states(got.states, expected.page_states)) return;
  broken(expected, fmt::format("pages {}", fmt::join(got.states, " ")));
}

}  // namespace

std::vector<BrokenExpectation> check_expectations(const Program& program,
                                                  const RunOutcome& outcome) {
  return Checker{program, outcome}.check();
}

bool expects_rss(const Program& program) noexcept {
  return std::any_of(program.expectations.begin(), program.expectations.end(), asks_for_rss);
}

}  // namespace tools::run
