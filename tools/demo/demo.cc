// Running the demo and printing its table.
#include "tools/demo/demo.h"

#include <fmt/format.h>
#include <gnu/libc-version.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "tools/measure/allocator_library.h"
#include "tools/report/fault_time.h"
#include "tools/report/table.h"
#include "tools/run/kernel_runner.h"
#include "tools/run/timed_runs.h"

namespace tools::demo {
namespace {

using report::grouped;
using report::Json;

Row simulated_row(const script::Program& program, const std::string& label,
                  const run::SimSetup& setup) {
  Row row{.allocator = label, .known = {.causes = true, .writers = true}};
  row.outcome = run::SimRunner{setup}.run(program, {});
  return row;
}

/// Measured operation by operation; then once more back to back, for the time.
Row real_row(const script::Program& program, const std::string& label,
             const std::string& allocator) {
  Row row{.allocator = label, .known = {.causes = false, .writers = false}};
  run::KernelOptions options;
  options.allocator = allocator;
  try {
    row.outcome = run::KernelRunner{options}.run(program, {});
    row.known.causes = row.outcome->has_causes;
    options.measure_each = false;
    row.seconds = run::KernelRunner{options}.run(program, {}).seconds;
  } catch (const std::runtime_error& refused) {
    row.refused = refused.what();
  }
  return row;
}

/// Simulated with the heap where it was for real.
OwnRows own_rows(const script::Program& program, const std::string& allocator,
                 const SetupFor& setup_for) {
  OwnRows own;
  own.allocator = allocator;
  own.real = real_row(program, allocator + " (real)", allocator);
  run::SimSetup setup = setup_for(program, allocator);
  if (own.real.outcome) setup = with_heap_of(setup, *own.real.outcome);
  own.simulated = simulated_row(program, allocator + " (simulated)", setup);
  if (own.compared()) {
    own.difference = run::compare_runs(program, *own.simulated.outcome, *own.real.outcome);
  }
  return own;
}

run::FaultTime fault_time_of(const WorkloadResult& result, const measure::SavedCosts& costs) {
  run::FaultTime unknown;
  unknown.missing = costs.missing;
  if (!costs.costs) return unknown;
  const script::Program& program = result.workload.program;
  std::vector<run::RunOutcome> timed;
  const OwnRows& ptmalloc = result.own.front();
  if (ptmalloc.compared() && ptmalloc.difference.equal()) timed = run::timed_runs(program, {}, {});
  return run::fault_time(program, *ptmalloc.simulated.outcome, *costs.costs, timed);
}

WorkloadResult run_workload(Workload workload, const SetupFor& setup_for,
                            const std::vector<measure::AllocatorLibrary>& peers,
                            const measure::SavedCosts& costs) {
  WorkloadResult result;
  result.workload = std::move(workload);
  const script::Program& program = result.workload.program;
  for (const char* name : {"ptmalloc", "faultline"}) {
    result.own.push_back(own_rows(program, name, setup_for));
  }
  result.peers.push_back(real_row(program, "glibc", "glibc"));
  for (const auto& peer : peers) {
    result.peers.push_back(real_row(program, peer.name, peer.path));
  }
  result.fault_time = fault_time_of(result, costs);
  return result;
}

std::string place_and_versions(const std::vector<measure::AllocatorLibrary>& peers) {
  ::utsname kernel{};
  ::uname(&kernel);
  std::string text = fmt::format("Linux {} {}, glibc {}", kernel.release, kernel.machine,
                                 ::gnu_get_libc_version());
  for (const auto& peer : peers) {
    text += fmt::format(", {}{}{}", peer.name, peer.version.empty() ? "" : " ", peer.version);
  }
  return text;
}

/// What every run of this machine lacked, each sentence once.
void collect_missing(DemoResult& demo) {
  for (const WorkloadResult& workload : demo.workloads) {
    for (const Row* row : workload.rows()) {
      if (!row->outcome) continue;
      for (const std::string& sentence : row->outcome->missing) {
        if (std::find(demo.missing.begin(), demo.missing.end(), sentence) == demo.missing.end()) {
          demo.missing.push_back(sentence);
        }
      }
    }
  }
}

/// The causes that occur anywhere: one column each.
std::vector<pagesim::Cause> causes_seen(const DemoResult& demo) {
  std::array<std::uint64_t, pagesim::kCauses> sums{};
  for (const WorkloadResult& result : demo.workloads) {
    for (const Row* row : result.rows()) {
      if (!row->outcome || !row->known.causes) continue;
      const report::Tally sum = report::tally(result.workload.program, *row->outcome);
      for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += sum.by_cause[i];
    }
  }
  std::vector<pagesim::Cause> seen;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    if (sums[i] != 0) seen.push_back(static_cast<pagesim::Cause>(i));
  }
  return seen;
}

std::vector<std::string> cells(const WorkloadResult& result, const Row& row,
                               const std::vector<pagesim::Cause>& causes) {
  const report::Tally sum = report::tally(result.workload.program, *row.outcome);
  const bool is_first = &row == &result.own.front().simulated;
  std::vector<std::string> cells = {is_first ? result.workload.name : "",
                                    row.allocator,
                                    grouped(sum.minor),
                                    grouped(sum.major),
                                    grouped(sum.in_malloc),
                                    grouped(sum.in_program)};
  for (const pagesim::Cause cause : causes) {
    const std::uint64_t count = sum.by_cause[static_cast<std::size_t>(cause)];
    cells.push_back(row.known.causes ? grouped(count) : "?");
  }
  cells.push_back(row.outcome->peak_rss ? report::bytes(*row.outcome->peak_rss) : "?");
  cells.push_back(row.seconds ? report::seconds(*row.seconds) : "?");
  return cells;
}

std::string main_table(const DemoResult& demo) {
  using report::Align;
  const auto causes = causes_seen(demo);
  std::vector<report::Table::Column> columns = {{"workload", Align::Left},
                                                {"allocator", Align::Left},
                                                {"minor"},
                                                {"major"},
                                                {"in malloc"},
                                                {"in program"}};
  for (const auto cause : causes) columns.push_back({std::string{to_string(cause)}});
  columns.push_back({"peak RSS"});
  columns.push_back({"time"});
  report::Table table{columns};
  for (const WorkloadResult& result : demo.workloads) {
    for (const Row* row : result.rows()) {
      if (row->outcome) table.add(cells(result, *row, causes));
    }
    table.add_gap();
  }
  return table.to_text();
}

/// Whose stores and loads faulted in ours, as the simulated machine saw it.
std::string writers_table(const DemoResult& demo) {
  std::vector<report::Table::Column> columns = {{"ptmalloc, by writer", report::Align::Left}};
  for (std::size_t i = 0; i < allocator::kWriters; ++i) {
    columns.push_back({std::string{to_string(static_cast<allocator::Writer>(i))}});
  }
  report::Table table{columns};
  for (const WorkloadResult& result : demo.workloads) {
    const report::Tally sum =
        report::tally(result.workload.program, *result.own.front().simulated.outcome);
    std::vector<std::string> cells = {result.workload.name};
    for (const std::uint64_t count : sum.by_writer) cells.push_back(grouped(count));
    table.add(std::move(cells));
  }
  return table.to_text();
}

/// What ptmalloc's faults take, predicted and measured.
std::string fault_times(const DemoResult& demo) {
  std::string text;
  for (const WorkloadResult& result : demo.workloads) {
    const run::FaultTime& time = result.fault_time;
    if (!time.is_known()) return fmt::format("fault time: {}\n", time.missing);
    text += fmt::format("{}: fault time {}\n", result.workload.name, report::fault_time_text(time));
  }
  return text;
}

/// Which allocator could not run which workload.
std::string refusals(const DemoResult& demo) {
  std::string text;
  for (const WorkloadResult& result : demo.workloads) {
    for (const Row* row : result.rows()) {
      if (!row->outcome) text += fmt::format("{}: not run: {}\n", row->allocator, row->refused);
    }
  }
  return text;
}

Json row_json(const WorkloadResult& result, const Row& row) {
  Json json;
  json["allocator"] = row.allocator;
  json["refused"] = row.refused.empty() ? Json(nullptr) : Json(row.refused);
  if (row.outcome) {
    json.update(report::totals_json(result.workload.program, *row.outcome, row.known));
  }
  json["seconds"] = row.seconds ? Json(*row.seconds) : Json(nullptr);
  return json;
}

std::string verdict(const WorkloadResult& result) {
  std::string text;
  for (const OwnRows& own : result.own) {
    if (!text.empty()) text += ". ";
    text += fmt::format("{}: {}", own.allocator, own.verdict());
  }
  return text;
}

Json workload_json(const WorkloadResult& result) {
  Json json;
  json["name"] = result.workload.name;
  json["about"] = result.workload.about;
  json["source"] = result.workload.source;
  json["operations"] = result.workload.program.ops.size();
  json["equal"] = result.compared() && result.equal();
  json["verdict"] = verdict(result);
  json["fault_time"] = report::to_json(result.fault_time);
  json["rows"] = Json::array();
  for (const Row* row : result.rows()) json["rows"].push_back(row_json(result, *row));
  return json;
}

}  // namespace

std::string OwnRows::verdict() const {
  if (!compared()) return "simulated minus real: not known, it did not run on this kernel";
  const auto minor = static_cast<std::int64_t>(difference.left.minor - difference.right.minor);
  const auto major = static_cast<std::int64_t>(difference.left.major - difference.right.major);
  std::string text = fmt::format("simulated minus real: minor {}, major {}", minor, major);
  if (difference.first) {
    const run::Difference& first = *difference.first;
    text += fmt::format("; first difference at line {}, {}: simulated {}, real {}", first.line,
                        first.subject, first.left, first.right);
  } else if (real.outcome->has_addresses) {
    text += fmt::format("; {} equal one by one",
                        report::counted(simulated.outcome->faults.size(), "fault"));
  }
  return text;
}

std::vector<const Row*> WorkloadResult::rows() const {
  std::vector<const Row*> all;
  for (const OwnRows& each : own) all.insert(all.end(), {&each.simulated, &each.real});
  for (const Row& each : peers) all.push_back(&each);
  return all;
}

bool WorkloadResult::compared() const {
  return std::any_of(own.begin(), own.end(), [](const OwnRows& each) { return each.compared(); });
}

bool WorkloadResult::equal() const {
  return std::all_of(own.begin(), own.end(), [](const OwnRows& each) {
    return !each.compared() || each.difference.equal();
  });
}

bool DemoResult::compared() const {
  return std::any_of(workloads.begin(), workloads.end(),
                     [](const WorkloadResult& result) { return result.compared(); });
}

bool DemoResult::equal() const {
  return compared() && std::all_of(workloads.begin(), workloads.end(),
                                   [](const WorkloadResult& result) { return result.equal(); });
}

std::string DemoResult::verdict() const {
  if (!compared())
    return "Nothing could be compared: neither allocator of ours ran on this kernel.";
  if (equal()) return "Simulated minus real: 0 faults on every workload.";
  return "Simulated and real faults differ; the workloads below say where.";
}

DemoResult run_demo(const SetupFor& setup_for, const measure::SavedCosts& costs) {
  DemoResult demo;
  const auto peers = measure::installed_allocators();
  demo.where = place_and_versions(peers);
  std::vector<Workload> workloads = built_in_workloads();
  std::string missing;
  if (auto recorded = recorded_workload(missing)) {
    workloads.push_back(std::move(*recorded));
  } else {
    demo.missing.push_back(missing);
  }
  for (Workload& workload : workloads) {
    demo.workloads.push_back(run_workload(std::move(workload), setup_for, peers, costs));
  }
  collect_missing(demo);
  return demo;
}

std::string to_text(const DemoResult& result) {
  std::string text = fmt::format("{}\n\n{}{}\n{}", result.where, main_table(result),
                                 writers_table(result), refusals(result));
  for (const WorkloadResult& workload : result.workloads) {
    text += fmt::format("{}: {}\n", workload.workload.name, verdict(workload));
  }
  text += fmt::format("\n{}\n{}\n", fault_times(result), result.verdict());
  for (const std::string& sentence : result.missing) text += sentence + '\n';
  return text;
}

report::Json to_json(const DemoResult& result) {
  Json json;
  json["version"] = 1;
  json["where"] = result.where;
  json["equal"] = result.equal();
  json["verdict"] = result.verdict();
  json["missing"] = result.missing;
  json["workloads"] = Json::array();
  for (const WorkloadResult& workload : result.workloads) {
    json["workloads"].push_back(workload_json(workload));
  }
  return json;
}

}  // namespace tools::demo
