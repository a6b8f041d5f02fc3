// Lays a run beside what the vectors' kernel did, line by line.
#include "tests/truth/scenario_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "tools/run/compare_runs.h"
#include "tools/run/place.h"
#include "tools/script/parser.h"
#include "tools/script/words.h"

namespace truth {
namespace {

using pagesim::FaultRecord;
using tools::run::OpOutcome;
using tools::run::RunOutcome;
using tools::script::Place;
using tools::script::Program;

std::string script_of(const Scenario& scenario) {
  std::string text;
  for (const std::string& line : scenario.script) text += line + '\n';
  return text;
}

std::string access_letter(const FaultRecord& fault) {
  if (!fault.access) return "?";
  switch (*fault.access) {
    case pagesim::Access::Read:
      return "r";
    case pagesim::Access::Write:
      return "w";
    default:
      return "x";
  }
}

std::uint32_t index_in(const std::vector<std::string>& words, std::string_view word) {
  for (std::uint32_t i = 0; i < words.size(); ++i) {
    if (words[i] == word) return i;
  }
  throw std::runtime_error{fmt::format("the vectors use an unknown name \"{}\"", word)};
}

/// The number at the start of `text`, of base 10 or 16.
template <class T>
T number_at(std::string_view text, int base = 10) {
  T value{};
  std::from_chars(text.data(), text.data() + text.size(), value, base);
  return value;
}

/// A place or the start of a range, as the vectors write them: "A[3]+17", "@0x1000", "A[0..15]".
Place place_of(const Program& program, std::string_view text) {
  Place place;
  if (text.starts_with("@0x")) {
    place.offset = static_cast<std::int64_t>(number_at<std::uint64_t>(text.substr(3), 16));
    return place;
  }
  using tools::script::Base;
  const std::size_t bracket = text.find('[');
  const std::string_view name = text.substr(0, bracket);
  place.base = name == "heap" ? Base::Heap : name == "stack" ? Base::Stack : Base::Name;
  if (place.base == Base::Name) place.name = index_in(program.names, name);
  place.offset = number_at<std::int64_t>(text.substr(bracket + 1)) << program.page_shift;
  const std::size_t plus = text.find('+');
  if (plus != std::string_view::npos)
    place.offset += number_at<std::int64_t>(text.substr(plus + 1));
  return place;
}

/// Compares one scenario with one run.
class Comparison {
 public:
  Comparison(const Scenario& scenario, const Program& program, const RunOutcome& run, Detail detail)
      : scenario_{scenario}, program_{program}, run_{run}, places_{program, run}, detail_{detail} {}
  std::vector<std::string> differences();

 private:
  void operation(std::size_t index);
  void faults(std::size_t index);
  void fault(std::size_t index, std::size_t number, const Fault& expected, const FaultRecord& got);
  void signal(std::size_t index);
  void results(std::size_t index);
  void resident_set(std::size_t index);
  void page_states();
  void page_cache();
  void totals();

  [[nodiscard]] std::int64_t gup_of(std::size_t index) const;
  void same_place(std::size_t index, const std::string& what, const std::string& expected,
                  pagesim::VirtAddr got);
  void differ(std::size_t index, const std::string& what) {
    found_.push_back(fmt::format("line {} \"{}\": {}", index + 1, scenario_.script[index], what));
  }
  template <class A, class B>
  void same(std::size_t index, std::string_view what, const A& expected, const B& got) {
    if (expected != got) differ(index, fmt::format("{}: expected {}, got {}", what, expected, got));
  }

  const Scenario& scenario_;
  const Program& program_;
  const RunOutcome& run_;
  tools::run::Places places_;
  Detail detail_;
  std::vector<std::string> found_;
};

std::vector<std::string> Comparison::differences() {
  for (std::size_t i = 0; i < program_.ops.size(); ++i) {
    places_.advance(i);
    operation(i);
  }
  if (detail_ == Detail::Everything) page_states();
  page_cache();
  totals();
  return std::move(found_);
}

void Comparison::operation(std::size_t index) {
  const Operation& expected = scenario_.operations[index];
  const OpOutcome& got = run_.ops[index];
  same(index, "minor faults", expected.minor, std::int64_t{got.minor});
  same(index, "major faults", expected.major, std::int64_t{got.major});
  if (expected.unlocated == 0 && detail_ == Detail::Everything) {
    same(index, "faults counted without an event", expected.gup, gup_of(index));
    faults(index);
  }
  signal(index);
  results(index);
  resident_set(index);
}

/// A real machine has no record of them: there they are what was counted beyond the events.
std::int64_t Comparison::gup_of(std::size_t index) const {
  const std::vector<FaultRecord> events = tools::run::events_of(run_, index);
  const OpOutcome& got = run_.ops[index];
  if (got.fault_count != events.size())
    return static_cast<std::int64_t>(got.fault_count - events.size());
  const auto counted = std::count_if(events.begin(), events.end(), [](const FaultRecord& event) {
    return event.outcome != pagesim::Outcome::Signal;
  });
  return std::int64_t{got.minor} + got.major - counted;
}

void Comparison::same_place(std::size_t index, const std::string& what, const std::string& expected,
                            pagesim::VirtAddr got) {
  const std::uint32_t task = program_.ops[index].process;
  if (places_.resolve(task, place_of(program_, expected)) == got) return;
  differ(index, fmt::format("{}: expected {}, got {}", what, expected, places_.text(task, got)));
}

void Comparison::faults(std::size_t index) {
  const Operation& expected = scenario_.operations[index];
  const std::vector<FaultRecord> events = tools::run::events_of(run_, index);
  if (!expected.faults_truncated)
    same(index, "fault events", expected.faults.size(), events.size());
  for (std::size_t i = 0; i < std::min(events.size(), expected.faults.size()); ++i) {
    fault(index, i, expected.faults[i], events[i]);
  }
}

void Comparison::fault(std::size_t index, std::size_t number, const Fault& expected,
                       const FaultRecord& got) {
  const auto what = [number](std::string_view word) {
    return fmt::format("fault {}, {}", number + 1, word);
  };
  same_place(index, what("place"), expected.place, got.address);
  same(index, what("access"), expected.access, access_letter(got));
  const bool signal = got.outcome == pagesim::Outcome::Signal;
  same(index, what("counted"), expected.counted,
       signal ? std::string_view{"none"} : pagesim::to_string(got.outcome));
  same(index, what("mode"), expected.mode, pagesim::to_string(got.mode));
  if (expected.error) {
    same(index, what("error code"), *expected.error, std::int64_t{got.error_code.value_or(0)});
  }
  if (expected.cause) same(index, what("cause"), *expected.cause, pagesim::to_string(got.cause));
}

void Comparison::signal(std::size_t index) {
  const auto& expected = scenario_.operations[index].signal;
  const pagesim::SignalInfo* const got = tools::run::signal_of(run_, index);
  same(index, "signal", expected ? expected->name : "none",
       got != nullptr ? tools::run::signal_word(got->number) : "none");
  if (!expected || got == nullptr) return;
  same(index, "signal code", expected->code, tools::run::signal_code_word(got->number, got->code));
  same(index, "signal trap", expected->trap, std::int64_t{got->trap});
  same(index, "signal error code", expected->error, std::int64_t{got->error_code});
  if (expected->address) {
    same(index, "signal address", *expected->address, fmt::format("0x{:x}", got->address.raw()));
  }
  if (expected->place) same_place(index, "signal place", *expected->place, got->address);
}

void Comparison::results(std::size_t index) {
  const Operation& expected = scenario_.operations[index];
  if (expected.returned) same(index, "returned", *expected.returned, run_.ops[index].returned);
  const auto error = tools::script::word_of(tools::script::error_words(), run_.ops[index].error);
  same(index, "error", expected.error.value_or("none"), error);
}

void Comparison::resident_set(std::size_t index) {
  const auto& expected = scenario_.operations[index].rss_kb;
  if (expected.empty()) return;
  for (const auto& [op, change] : run_.rss) {
    if (op != index) continue;
    const std::pair<const char*, std::int64_t> parts[] = {{"anon", change.anon},
                                                          {"file", change.file},
                                                          {"shmem", change.shmem},
                                                          {"swap", change.swap},
                                                          {"page_tables", change.page_tables}};
    for (const auto& [key, bytes] : parts) {
      const auto wanted = expected.find(key);
      if (wanted == expected.end()) continue;
      same(index, fmt::format("resident set, {} (KiB)", key), wanted->second, bytes / 1024);
    }
    return;
  }
  differ(index, "the change of the resident set was not recorded");
}

void Comparison::page_states() {
  for (std::size_t i = 0; i < scenario_.states.size(); ++i) {
    const States& expected = scenario_.states[i];
    const tools::run::PageStates& got = run_.pages[i];
    if (got.states.size() != expected.states.size()) {
      differ(expected.after, fmt::format("states of {}: expected {} pages, got {}", expected.range,
                                         expected.states.size(), got.states.size()));
      continue;
    }
    for (std::size_t page = 0; page < got.states.size(); ++page) {
      const auto what = [&](const char* word) {
        return fmt::format("{} of {} {}, its page {}", word, expected.process, expected.range,
                           page);
      };
      same(expected.after, what("state"), expected.states[page], got.states[page]);
      same(expected.after, what("letters"), expected.letters[page], got.letters[page]);
    }
  }
}

void Comparison::page_cache() {
  const auto text = [](const auto& runs) {
    std::string words;
    for (const auto& [first, last] : runs) words += fmt::format("[{}..{}]", first, last);
    return words.empty() ? "none" : words;
  };
  if (run_.cached.empty()) return;  // a machine that cannot be asked
  for (std::size_t i = 0; i < scenario_.page_cache.size(); ++i) {
    const CachedPages& expected = scenario_.page_cache[i];
    same(expected.after, "pages of " + expected.file + " in memory", text(expected.runs),
         run_.cached[i] ? text(*run_.cached[i]) : "not told");
  }
}

void Comparison::totals() {
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> sums;
  for (const auto& [name, counts] : scenario_.by_process) sums[name] = {0, 0};
  for (std::size_t i = 0; i < program_.ops.size(); ++i) {
    const std::string& charged = scenario_.operations[i].charged_to;
    const std::string& runs = program_.processes[program_.ops[i].process].name;
    auto& sum = sums[charged.empty() ? runs : charged];
    sum.first += run_.ops[i].minor;
    sum.second += run_.ops[i].major;
  }
  const std::size_t last = program_.ops.size() - 1;
  for (const auto& [name, counts] : scenario_.by_process) {
    same(last, "minor faults of " + name + " in all", counts.first, sums[name].first);
    same(last, "major faults of " + name + " in all", counts.second, sums[name].second);
  }
  same(last, "minor faults in all", scenario_.minor, static_cast<std::int64_t>(run_.total.minor));
  same(last, "major faults in all", scenario_.major, static_cast<std::int64_t>(run_.total.major));
}

/// The question behind a `states` entry.
tools::run::Probe probe_of(const Program& program, const States& states) {
  tools::run::Probe probe;
  probe.op = states.after;
  probe.process = 0;
  for (std::uint32_t i = 0; i < program.processes.size(); ++i) {
    if (program.processes[i].name == states.process) probe.process = i;
  }
  probe.to = place_of(program, states.range);
  probe.pages = static_cast<std::int64_t>(states.states.size());
  return probe;
}

}  // namespace

Verdict check(const Scenario& scenario, tools::run::Runner& runner, Detail detail) {
  Verdict verdict;
  const Program program = tools::script::parse(script_of(scenario), scenario.id);
  tools::run::RunOptions options;
  options.keep_going = true;
  options.with_rss = true;
  options.with_faults = detail == Detail::Everything;
  if (detail == Detail::Everything) {
    for (const States& states : scenario.states)
      options.probes.push_back(probe_of(program, states));
  }
  for (const CachedPages& cached : scenario.page_cache) {
    options.cache_probes.push_back({cached.after, index_in(program.files, cached.file)});
  }
  try {
    const RunOutcome run = runner.run(program, options);
    verdict.differences = Comparison{scenario, program, run, detail}.differences();
  } catch (const tools::run::Unsupported& unsupported) {
    verdict.skipped = unsupported.missing();
  }
  return verdict;
}

}  // namespace truth
