// Adding up the time of faults.
#include "tools/run/fault_time.h"

#include <algorithm>
#include <map>
#include <unordered_set>

namespace tools::run {
namespace {

using pagesim::FaultKind;
using pagesim::FaultRecord;

constexpr unsigned kPageShift = 12;

/// The frames of a run, as far as its faults tell.
class Frames {
 public:
  /// The one this fault takes. A page that had a frame before has given it back since; a copy
  /// leaves the other process its own, so it takes another.
  pagesim::FrameHistory take(const FaultRecord& fault) {
    const auto kind = pagesim::kind_of(fault);
    if (!kind || !pagesim::takes_frame(*kind)) return {};
    const std::uint64_t page = fault.address.raw() >> kPageShift;
    const bool had_one = !pages_[fault.process].insert(page).second;
    if (had_one && *kind != FaultKind::CowCopy) return {true, held_};
    if (free_ > 0) return --free_, pagesim::FrameHistory{true, held_};
    ++held_;
    return {false, held_};
  }
  void give_back(std::uint32_t process) {
    const auto ended = pages_.find(process);
    if (ended == pages_.end()) return;
    free_ += ended->second.size();
    pages_.erase(ended);
  }

 private:
  std::map<std::uint32_t, std::unordered_set<std::uint64_t>> pages_;
  std::uint64_t held_ = 0;
  std::uint64_t free_ = 0;  ///< of processes that ended
};

OpTime predict(const RunOutcome& outcome, std::size_t index, const pagesim::Costs& costs,
               Frames& frames) {
  const OpOutcome& op = outcome.ops[index];
  OpTime time;
  time.faults = op.minor + op.major;
  std::uint32_t timed = 0;
  for (std::size_t i = 0; i < op.fault_count; ++i) {
    const FaultRecord& fault = outcome.faults[op.first_fault + i];
    const auto ns = costs.of(fault, frames.take(fault));
    if (!ns) continue;
    time.predicted_ns += *ns;
    ++timed;
  }
  time.without_time = time.faults - std::min(timed, time.faults);
  return time;
}

std::optional<double> median_of(const std::vector<RunOutcome>& timed, std::size_t index,
                                const OpOutcome& op) {
  std::vector<double> seen;
  for (const RunOutcome& run : timed) {
    const OpOutcome& same = run.ops[index];
    if (same.fault_ns && same.minor == op.minor && same.major == op.major)
      seen.push_back(*same.fault_ns);
  }
  if (seen.empty()) return std::nullopt;
  const auto middle = seen.begin() + static_cast<std::ptrdiff_t>(seen.size() / 2);
  std::nth_element(seen.begin(), middle, seen.end());
  return *middle;
}

void add(OpTime& sum, const OpTime& time) {
  sum.predicted_ns += time.predicted_ns;
  sum.faults += time.faults;
  sum.without_time += time.without_time;
}

}  // namespace

FaultTime fault_time(const script::Program& program, const RunOutcome& outcome,
                     const pagesim::Costs& costs, const std::vector<RunOutcome>& timed) {
  FaultTime total;
  total.ops.reserve(outcome.ops.size());
  Frames frames;
  for (std::size_t i = 0; i < outcome.ops.size(); ++i) {
    const OpOutcome& op = outcome.ops[i];
    OpTime time = predict(outcome, i, costs, frames);
    if (time.faults > 0) time.measured_ns = median_of(timed, i, op);
    add(total.all, time);
    if (time.is_compared()) {
      add(total.accesses, time);
      total.accesses.measured_ns = total.accesses.measured_ns.value_or(0) + *time.measured_ns;
    }
    total.ops.push_back(time);
    if (op.ran && program.ops[i].verb == script::Verb::Exit) frames.give_back(program.ops[i].peer);
  }
  return total;
}

}  // namespace tools::run
