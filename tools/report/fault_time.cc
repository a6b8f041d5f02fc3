// The time of faults in words: predicted beside measured, and what a calibration holds.
#include "tools/report/fault_time.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "tools/report/table.h"

namespace tools::report {
namespace {

using pagesim::Costs;
using pagesim::FaultKind;
using pagesim::FaultStep;

/// Nothing of it is known, though faults were counted.
bool is_unknown(const run::OpTime& time) {
  return time.faults > 0 && time.without_time == time.faults;
}

Json predicted_json(const run::OpTime& time) {
  return is_unknown(time) ? Json(nullptr) : Json(time.predicted_ns);
}

Json or_null(const std::optional<double>& ns) { return ns ? Json(*ns) : Json(nullptr); }

std::string figure_text(const std::optional<pagesim::Figure>& figure) {
  return figure ? duration(figure->ns) : "not known";
}
std::string spread_text(const std::optional<pagesim::Figure>& figure) {
  return figure ? duration(figure->spread) : "";
}

std::string step_cell(const Costs::Steps& steps, FaultStep step, bool from_disk) {
  const auto& ns = steps[static_cast<std::size_t>(step)];
  if (ns) return (is_of_the_exception(step) ? "~" : "") + duration(*ns);
  return from_disk && is_within_the_wait(step) ? "in 6" : "-";
}

}  // namespace

std::string duration(double ns) {
  if (ns < 999.5) return fmt::format("{:.0f} ns", ns);
  if (ns < 999.5e3) return fmt::format("{:.{}f} us", ns / 1e3, ns < 99.95e3 ? 2 : 0);
  return seconds(ns / 1e9);
}

std::string fault_time_text(const run::FaultTime& time) {
  if (!time.is_known()) return time.missing;
  if (is_unknown(time.all)) return "not known: no fault here is of a kind that was calibrated";
  std::string text = fmt::format("predicted {} for {}", duration(time.all.predicted_ns),
                                 counted(time.all.faults - time.all.without_time, "fault"));
  if (time.all.without_time > 0)
    text += fmt::format(", {} more are of no calibrated kind", grouped(time.all.without_time));
  const run::OpTime& accesses = time.accesses;
  if (!accesses.measured_ns) return text;
  return text +
         fmt::format("; for {} in the program's own accesses predicted {}, measured {} ({:+.1f}%)",
                     grouped(accesses.faults), duration(accesses.predicted_ns),
                     duration(*accesses.measured_ns),
                     100 * (accesses.predicted_ns / *accesses.measured_ns - 1));
}

Json to_json(const run::FaultTime& time) {
  Json json;
  const bool known = time.is_known();
  json["predicted_ns"] = known ? predicted_json(time.all) : Json(nullptr);
  json["without_time"] = known ? Json(time.all.without_time) : Json(nullptr);
  json["accesses"] = nullptr;
  if (time.accesses.measured_ns) {
    json["accesses"] = {{"faults", time.accesses.faults},
                        {"predicted_ns", time.accesses.predicted_ns},
                        {"measured_ns", *time.accesses.measured_ns}};
  }
  json["missing"] = known ? Json(nullptr) : Json(time.missing);
  return json;
}

Json op_time_json(const run::FaultTime& time, std::size_t op) {
  if (!time.is_known()) return nullptr;
  const run::OpTime& one = time.ops[op];
  return {{"predicted_ns", predicted_json(one)},
          {"without_time", one.without_time},
          {"measured_ns", or_null(one.measured_ns)}};
}

std::string costs_text(const Costs& costs) {
  Table table{{{"fault", Align::Left}, {"time"}, {"+-"}, {"what is done", Align::Left}}};
  constexpr std::array<const char*, pagesim::kFaultKinds> kDone = {
      "anonymous: a zeroed frame that was anybody's before",
      "anonymous: the zero page",
      "a zeroed frame in the zero page's place",
      "a frame and a copy, the other process keeps its own",
      "permission alone: nobody shares the page any more",
      "a stack grows by a page",
      "16 cached pages of a file",
      "a frame and a copy of a cached page",
      "one cached page of shared memory, writable",
      "a store to a clean page of a shared file",
      "a zeroed frame of shared memory",
      "a zeroed huge page of 2 MiB",
      "the huge zero page",
      "a page from the disk, on the clock on the wall"};
  for (std::size_t i = 0; i < pagesim::kFaultKinds; ++i) {
    table.add({std::string{to_string(static_cast<FaultKind>(i))}, figure_text(costs.kinds[i]),
               spread_text(costs.kinds[i]), kDone.at(i)});
  }
  table.add_gap();
  for (const Costs::Recycled& frames : costs.recycled) {
    if (frames.held == 0) continue;
    table.add({"first_touch", duration(frames.touch.ns), duration(frames.touch.spread),
               fmt::format("frames come back, the run has {}", grouped(frames.held))});
  }
  return table.to_text();
}

std::string steps_text(const Costs& costs) {
  constexpr std::array kShown = {FaultKind::FirstTouch, FaultKind::ZeroRead, FaultKind::CowCopy,
                                 FaultKind::Major};
  std::vector<Table::Column> columns = {{""}, {"step", Align::Left}};
  std::vector<Costs::Steps> times;
  for (const FaultKind kind : kShown) {
    columns.push_back({std::string{to_string(kind)}});
    const auto steps = costs.steps(kind);
    times.push_back(steps.value_or(Costs::Steps{}));
  }
  Table table{columns};
  for (std::size_t i = 0; i < pagesim::kFaultSteps; ++i) {
    const auto step = static_cast<FaultStep>(i);
    std::vector<std::string> row = {std::to_string(i + 1), std::string{to_string(step)}};
    for (std::size_t k = 0; k < kShown.size(); ++k) {
      const bool known = costs.steps(kShown.at(k)).has_value();
      row.push_back(known ? step_cell(times[k], step, kShown.at(k) == FaultKind::Major) : "?");
    }
    table.add(std::move(row));
  }
  std::vector<std::string> sums = {"", "all"};
  for (const FaultKind kind : kShown) sums.push_back(figure_text(costs.of(kind)));
  table.add(std::move(sums));
  return table.to_text() +
         "\n~: the four steps of the exception were measured in one piece and share it\n"
         "alike. in 6: while other processes run. ?: not measured here.\n";
}

}  // namespace tools::report
