// Two runs of one program, laid side by side operation by operation.
#include "tools/run/compare_runs.h"

#include <fmt/format.h>

#include <signal.h>

#include <algorithm>
#include <utility>

#include "tools/run/place.h"

namespace tools::run {
namespace {

using pagesim::FaultRecord;
using pagesim::SignalInfo;
using script::Op;
using script::Program;

std::string signal_text(const SignalInfo* signal) {
  if (signal == nullptr) return "none";
  return fmt::format("{} {}", signal_word(signal->number),
                     signal_code_word(signal->number, signal->code));
}

template <class T>
bool agree(const std::optional<T>& a, const std::optional<T>& b) {
  return !a || !b || *a == *b;
}

bool is_allocator_call(script::Verb verb) { return verb <= script::Verb::Mallopt; }

bool agree_on_cause(const FaultRecord& a, const FaultRecord& b) {
  using pagesim::Cause;
  return a.cause == b.cause || a.cause == Cause::Unknown || b.cause == Cause::Unknown;
}

/// Walks both runs at once.
class Walk {
 public:
  Walk(const Program& program, const RunOutcome& left, const RunOutcome& right)
      : program_{program},
        left_{left},
        right_{right},
        left_places_{program, left},
        right_places_{program, right} {}
  Comparison compare();

 private:
  void operation(std::size_t index);
  void counts(std::size_t index);
  void results(std::size_t index);
  void signals(std::size_t index);
  void faults(std::size_t index);
  [[nodiscard]] bool same_fault(std::size_t index, const FaultRecord& a,
                                const FaultRecord& b) const;
  [[nodiscard]] bool same_place(std::size_t index, pagesim::VirtAddr a, pagesim::VirtAddr b) const;
  [[nodiscard]] std::string text(const Places& places, std::size_t index,
                                 const FaultRecord& fault) const {
    return describe(fault, places.text(program_.ops[index].process, fault.address));
  }
  void differ(std::size_t index, std::string subject, std::string left, std::string right);
  template <class T>
  void same(std::size_t index, const char* subject, const T& a, const T& b) {
    if (a != b) differ(index, subject, fmt::format("{}", a), fmt::format("{}", b));
  }

  const Program& program_;
  const RunOutcome& left_;
  const RunOutcome& right_;
  Places left_places_;
  Places right_places_;
  Comparison result_;
};

Comparison Walk::compare() {
  result_.ops.resize(program_.ops.size());
  for (std::size_t i = 0; i < program_.ops.size(); ++i) {
    left_places_.advance(i);
    right_places_.advance(i);
    operation(i);
  }
  for (std::size_t i = 0; i < std::min(left_.pages.size(), right_.pages.size()); ++i) {
    const PageStates& a = left_.pages[i];
    const PageStates& b = right_.pages[i];
    if (same_states(a.states, b.states)) continue;
    differ(a.op, "page states", fmt::format("{}", fmt::join(a.states, " ")),
           fmt::format("{}", fmt::join(b.states, " ")));
  }
  std::stable_sort(result_.differences.begin(), result_.differences.end(),
                   [](const Difference& a, const Difference& b) { return a.op < b.op; });
  if (!result_.differences.empty()) result_.first = result_.differences.front();
  return std::move(result_);
}

void Walk::differ(std::size_t index, std::string subject, std::string left, std::string right) {
  result_.ops[index].equal = false;
  result_.differences.push_back(
      {index, program_.ops[index].line, std::move(subject), std::move(left), std::move(right)});
}

/// Whether the process was killed amid the operation: what it had done by then is not known.
bool is_killed(const RunOutcome& run, std::size_t index) {
  const SignalInfo* const signal = signal_of(run, index);
  return signal != nullptr && signal->number == SIGKILL;
}

void Walk::operation(std::size_t index) {
  const OpOutcome& a = left_.ops[index];
  const OpOutcome& b = right_.ops[index];
  const bool killed = is_killed(left_, index) || is_killed(right_, index);
  if (!killed) counts(index);
  if (a.ran != b.ran) {
    const auto words = [](bool ran) { return ran ? "run" : "its process had ended"; };
    differ(index, "line", words(a.ran), words(b.ran));
  }
  if (!a.ran || !b.ran) return;
  result_.ops[index].compared = true;
  if (killed) return signals(index);
  same(index, "minor faults", a.minor, b.minor);
  same(index, "major faults", a.major, b.major);
  faults(index);
  signals(index);
  results(index);
}

void Walk::counts(std::size_t index) {
  const auto of = [index](const RunOutcome& run) {
    const OpOutcome& op = run.ops[index];
    return pagesim::Counters{op.minor, op.major, events_of(run, index).size()};
  };
  const auto add = [](pagesim::Counters& sum, const pagesim::Counters& more) {
    sum.minor += more.minor;
    sum.major += more.major;
    sum.exceptions += more.exceptions;
  };
  OpComparison& both = result_.ops[index];
  both.left = of(left_);
  both.right = of(right_);
  add(result_.left, both.left);
  add(result_.right, both.right);
}

void Walk::results(std::size_t index) {
  same(index, "returned", left_.ops[index].returned, right_.ops[index].returned);
  same(index, "error", left_.ops[index].error, right_.ops[index].error);
  same(index, "null", left_.ops[index].address == 0, right_.ops[index].address == 0);
}

void Walk::signals(std::size_t index) {
  if (program_.ops[index].verb == script::Verb::VforkWrite) return;
  const SignalInfo* const a = signal_of(left_, index);
  const SignalInfo* const b = signal_of(right_, index);
  same(index, "signal", signal_text(a), signal_text(b));
  if (a == nullptr || b == nullptr || same_place(index, a->address, b->address)) return;
  const std::uint32_t task = program_.ops[index].process;
  differ(index, "place of the signal", left_places_.text(task, a->address),
         right_places_.text(task, b->address));
}

void Walk::faults(std::size_t index) {
  if (!left_.has_addresses || !right_.has_addresses) return;
  if (program_.ops[index].verb == script::Verb::VforkWrite) return;
  std::vector<FaultRecord> a = events_of(left_, index);
  std::vector<FaultRecord> b = events_of(right_, index);
  if (!left_.has_kernel_events || !right_.has_kernel_events) {
    const auto in_kernel = [](const FaultRecord& fault) {
      return fault.mode == pagesim::Mode::Kernel;
    };
    std::erase_if(a, in_kernel);
    std::erase_if(b, in_kernel);
  }
  for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    const bool both = i < a.size() && i < b.size();
    if (both && same_fault(index, a[i], b[i])) continue;
    differ(index, fmt::format("fault {}", i + 1),
           i < a.size() ? text(left_places_, index, a[i]) : "none",
           i < b.size() ? text(right_places_, index, b[i]) : "none");
    if (!both) return;
  }
}

bool Walk::same_fault(std::size_t index, const FaultRecord& a, const FaultRecord& b) const {
  return same_place(index, a.address, b.address) && a.mode == b.mode && a.outcome == b.outcome &&
         a.process == b.process && agree(a.access, b.access) && agree(a.error_code, b.error_code) &&
         agree_on_cause(a, b);
}

bool Walk::same_place(std::size_t index, pagesim::VirtAddr a, pagesim::VirtAddr b) const {
  const std::uint32_t task = program_.ops[index].process;
  const Location left = left_places_.locate(task, a);
  const Location right = right_places_.locate(task, b);
  if (left == right) return true;
  using Region = Location::Region;
  const std::uint64_t mask = (std::uint64_t{1} << program_.page_shift) - 1;
  const bool nowhere = left.region == Region::Elsewhere && right.region == Region::Elsewhere;
  if (!is_allocator_call(program_.ops[index].verb)) {
    return nowhere && (a.raw() & mask) == (b.raw() & mask);
  }
  // The same page of the same thing: what lies from its first byte to the page is equal.
  const auto to_page = [mask](const Location& location, pagesim::VirtAddr at) {
    return location.offset - static_cast<std::int64_t>(at.raw() & mask);
  };
  return nowhere || (left.region == right.region && left.name == right.name &&
                     to_page(left, a) == to_page(right, b));
}

}  // namespace

Comparison compare_runs(const Program& program, const RunOutcome& left, const RunOutcome& right) {
  return Walk{program, left, right}.compare();
}

std::string describe(const FaultRecord& fault, const std::string& place) {
  std::string text = place;
  if (fault.access) text += fmt::format(" {}", pagesim::to_string(*fault.access));
  if (fault.mode != pagesim::Mode::User) text += fmt::format(" {}", pagesim::to_string(fault.mode));
  text += fmt::format(" {}", pagesim::to_string(fault.outcome));
  if (fault.cause != pagesim::Cause::Unknown) {
    text += fmt::format(" {}", pagesim::to_string(fault.cause));
  }
  return text;
}

std::vector<FaultRecord> events_of(const RunOutcome& outcome, std::size_t op) {
  const OpOutcome& result = outcome.ops[op];
  std::vector<FaultRecord> events;
  for (std::uint64_t i = 0; i < result.fault_count; ++i) {
    const FaultRecord& record = outcome.faults[result.first_fault + i];
    if (record.mode != pagesim::Mode::Gup) events.push_back(record);
  }
  return events;
}

const SignalInfo* signal_of(const RunOutcome& outcome, std::size_t op) {
  const auto found = std::find_if(outcome.signals.begin(), outcome.signals.end(),
                                  [op](const auto& signal) { return signal.first == op; });
  return found == outcome.signals.end() ? nullptr : &found->second;
}

}  // namespace tools::run
