// Placing operations and faults in time.
#include "tools/report/timeline.h"

#include <algorithm>

namespace tools::report {
namespace {

bool has_times(const run::RunOutcome& outcome) {
  return std::any_of(outcome.ops.begin(), outcome.ops.end(),
                     [](const run::OpOutcome& op) { return op.ended_ns != 0; });
}

/// An operation nobody timed (fork, exit) happens at the end of the one before it.
Timeline measured(const run::RunOutcome& outcome) {
  Timeline timeline{Clock::Measured, {}, {}};
  std::uint64_t now = 0;
  for (const run::OpOutcome& op : outcome.ops) {
    const bool timed = op.ended_ns != 0;
    timeline.ops.push_back(timed ? Span{op.started_ns, op.ended_ns - op.started_ns} : Span{now, 0});
    if (timed) now = op.ended_ns;
  }
  for (const pagesim::FaultRecord& fault : outcome.faults)
    timeline.faults.push_back({fault.time_ns, 0});
  return timeline;
}

Timeline counted(const run::RunOutcome& outcome) {
  Timeline timeline;
  for (const run::OpOutcome& op : outcome.ops)
    timeline.ops.push_back({op.first_fault, op.fault_count});
  for (std::uint64_t i = 0; i < outcome.faults.size(); ++i) timeline.faults.push_back({i, 1});
  return timeline;
}

}  // namespace

std::string Timeline::sentence() const {
  if (clock == Clock::Measured) return "time: measured, seconds since the run began";
  return "time: none; the first column is the fault's number";
}

Timeline timeline_of(const run::RunOutcome& outcome) {
  return has_times(outcome) ? measured(outcome) : counted(outcome);
}

}  // namespace tools::report
