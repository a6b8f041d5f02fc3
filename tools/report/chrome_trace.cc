// Trace events, as documented in "Trace Event Format".
#include "tools/report/chrome_trace.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tools/report/run_text.h"
#include "tools/run/place.h"

namespace tools::report {
namespace {

/// The format's unit is the microsecond.
double in_microseconds(const Timeline& timeline, std::uint64_t number) {
  const auto value = static_cast<double>(number);
  return timeline.clock == Clock::Sequence ? value : value / 1000;
}

/// One run's events. Process ids of several runs in one trace are kept apart by `first_pid`, which
/// is 0 where the ids are the kernel's own.
class RunEvents {
 public:
  RunEvents(const Logged& run, std::int64_t first_pid, Json& events)
      : run_{run}, timeline_{timeline_of(run.outcome)}, first_pid_{first_pid}, events_{events} {}

  void add_all() {
    for (std::uint32_t task = 0; task < run_.program.processes.size(); ++task) name_track(task);
    for (std::size_t op = 0; op < run_.program.ops.size(); ++op) add_op(op);
    run::each_fault(run_.program, run_.outcome,
                    [this](std::size_t op, const pagesim::FaultRecord& fault,
                           const std::string& place) { add_fault(op, fault, place); });
  }

 private:
  Json on_track(const char* phase, std::string name, std::uint32_t task) const {
    Json event;
    event["name"] = std::move(name);
    event["ph"] = phase;
    event["pid"] = first_pid_ + pid_of(run_, task);
    event["tid"] = task + 1;
    return event;
  }

  void name_track(std::uint32_t task) {
    const script::Task& named = run_.program.processes[task];
    if (!named.is_thread) {
      Json process = on_track("M", "process_name", task);
      process["args"]["name"] = fmt::format("{} ({})", named.name, run_.machine);
      events_.push_back(std::move(process));
    }
    Json thread = on_track("M", "thread_name", task);
    thread["args"]["name"] = named.name;
    events_.push_back(std::move(thread));
  }

  void place_in_time(Json& event, const Span& span, bool has_length) const {
    event["ts"] = in_microseconds(timeline_, span.start);
    if (has_length)
      event["dur"] = in_microseconds(timeline_, span.length);
    else
      event["s"] = "t";
  }

  void add_op(std::size_t index) {
    const run::OpOutcome& cost = run_.outcome.ops[index];
    if (!cost.ran) return;
    Json event = on_track("X", op_text(run_.program, index), run_.program.ops[index].process);
    event["cat"] = "operation";
    place_in_time(event, timeline_.ops[index], true);
    event["args"]["line"] = run_.program.ops[index].line;
    event["args"]["minor"] = cost.minor;
    event["args"]["major"] = cost.major;
    events_.push_back(std::move(event));
  }

  void add_fault(std::size_t op, const pagesim::FaultRecord& fault, const std::string& place) {
    const Json args = to_json(fault, place, run_.known);
    const bool has_length = timeline_.clock != Clock::Measured;
    const std::string name{to_string(fault.outcome)};
    Json event = on_track(has_length ? "X" : "i",
                          args["cause"].is_null() ? name : args["cause"].get<std::string>(),
                          run_.program.ops[op].process);
    event["cat"] = "fault";
    place_in_time(event, timeline_.faults[fault_index(fault)], has_length);
    event["args"] = args;
    events_.push_back(std::move(event));
  }

  [[nodiscard]] std::size_t fault_index(const pagesim::FaultRecord& fault) const {
    return static_cast<std::size_t>(&fault - run_.outcome.faults.data());
  }

  const Logged& run_;
  Timeline timeline_;
  std::int64_t first_pid_;
  Json& events_;
};

}  // namespace

Json chrome_trace(const std::vector<Logged>& runs) {
  Json trace;
  trace["displayTimeUnit"] = "ns";
  trace["otherData"]["time"] = Json::array();
  trace["traceEvents"] = Json::array();
  std::int64_t first_pid = 0;
  for (const Logged& run : runs) {
    const Timeline timeline = timeline_of(run.outcome);
    trace["otherData"]["time"].push_back(fmt::format("{}: {}", run.machine, timeline.sentence()));
    RunEvents{run, run.outcome.pids.empty() ? first_pid : 0, trace["traceEvents"]}.add_all();
    if (run.outcome.pids.empty())
      first_pid += static_cast<std::int64_t>(run.program.processes.size());
  }
  return trace;
}

}  // namespace tools::report
