// Printing the fault log.
#include "tools/report/fault_log.h"

#include <fmt/format.h>

#include "tools/report/run_text.h"
#include "tools/run/compare_runs.h"
#include "tools/run/place.h"

namespace tools::report {
namespace {

using pagesim::FaultRecord;
using pagesim::Outcome;

char access_letter(const FaultRecord& fault) {
  return fault.access ? "rwx"[static_cast<std::size_t>(*fault.access)] : '?';
}

std::string type_of(const Logged& run, std::size_t op, const FaultRecord& fault) {
  if (fault.outcome == Outcome::Minor) return "MINOR";
  if (fault.outcome == Outcome::Major) return "MAJOR";
  const pagesim::SignalInfo* signal = run::signal_of(run.outcome, op);
  return signal != nullptr ? run::signal_word(signal->number) : "SIGNAL";
}

std::string cause_of(const Logged& run, const FaultRecord& fault) {
  const bool known = run.known.causes && fault.cause != pagesim::Cause::Unknown;
  return known ? std::string{to_string(fault.cause)} : "?";
}

std::string time_of(const Timeline& timeline, std::uint64_t start) {
  if (timeline.clock == Clock::Sequence) return std::to_string(start);
  return fmt::format("{}.{:09}", start / 1'000'000'000, start % 1'000'000'000);
}

}  // namespace

std::uint32_t process_of(const script::Program& program, std::uint32_t task) {
  while (program.processes[task].is_thread) task = program.processes[task].parent;
  return task;
}

std::int64_t pid_of(const Logged& run, std::uint32_t task) {
  const std::uint32_t process = process_of(run.program, task);
  return run.outcome.pids.empty() ? process + 1 : run.outcome.pids[process];
}

std::string fault_log(const Logged& run) {
  const Timeline timeline = timeline_of(run.outcome);
  std::string text = fmt::format("# {} on {}; {}\n", run.program.path, run.machine,  //
                                 timeline.sentence());
  run::each_fault(run.program, run.outcome,
                  [&](std::size_t op, const FaultRecord& fault, const std::string& place) {
                    const std::size_t index =
                        static_cast<std::size_t>(&fault - run.outcome.faults.data());
                    text += fmt::format("{} {} {:#x} access:{} type:{} cause:{} place:{}",
                                        time_of(timeline, timeline.faults[index].start),
                                        pid_of(run, run.program.ops[op].process),
                                        fault.address.raw(), access_letter(fault),
                                        type_of(run, op, fault), cause_of(run, fault), place);
                    if (fault.esr != 0) text += fmt::format(" esr:{:#x}", fault.esr);
                    if (run.known.era)
                      text += fmt::format(" path:{}", path_text(fault, *run.known.era, ">"));
                    text += '\n';
                  });
  return text;
}

}  // namespace tools::report
