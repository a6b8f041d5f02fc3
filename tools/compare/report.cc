// Printing a comparison.
#include "tools/compare/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "tools/compare/site_table.h"
#include "tools/compare/split.h"
#include "tools/compare/typical_tables.h"
#include "tools/report/table.h"

namespace tools::compare {
namespace {

using report::Json;

std::string words(const Figure& figure, double value) {
  switch (figure.unit) {
    case Figure::Unit::Count:
      return report::grouped(static_cast<std::uint64_t>(std::llround(value)));
    case Figure::Unit::Kilobytes:
      return report::bytes(static_cast<std::uint64_t>(std::llround(value * 1024)));
    case Figure::Unit::Seconds:
      break;
  }
  return report::seconds(value);
}

/// The others are in JSON and CSV.
bool in_table(const Figure& figure) { return figure.key != "user_s" && figure.key != "sys_s"; }

bool with_interval(const Figure& figure) { return figure.key == "minor" || figure.key == "wall_s"; }

std::string median_cell(const Figure& figure, const Measured& measured) {
  if (!measured.summary) return "-";
  return words(figure, measured.summary->median) + (measured.differs() ? "*" : "");
}

std::string interval_cell(const Figure& figure, const Measured& measured) {
  if (!measured.summary || !measured.summary->interval) return "-";
  const auto [low, high] = *measured.summary->interval;
  return fmt::format("{} - {}", words(figure, low), words(figure, high));
}

std::vector<std::string> row(const Comparison& comparison, std::size_t index) {
  const Entry& entry = comparison.entries[index];
  std::vector<std::string> cells = {entry.subject.name};
  for (const Figure& figure : figures()) {
    if (!in_table(figure)) continue;
    const Measured result = measured(comparison, index, figure);
    cells.push_back(median_cell(figure, result));
    if (with_interval(figure)) cells.push_back(interval_cell(figure, result));
  }
  cells.push_back(entry.status());
  return cells;
}

std::string legend(const Comparison& comparison) {
  std::string text = fmt::format("Medians of {} runs each, taken in turns. ", comparison.runs);
  if (comparison.entries.size() > 1) {
    text += fmt::format("*: differs from {} (p < 0.05, rank test). ",
                        comparison.entries.front().subject.name);
  }
  text += comparison.runs >= 6 ? "Intervals: 95%, of the median, by order statistics.\n"
                               : "A 95% interval needs 6 runs or more.\n";
  return text;
}

/// With the kernel's share.
Json whole_json(const Run& run, const Split& split) {
  Json json = to_json(split);
  json["kernel"] = run.kernel_share();
  return json;
}

Json present_json(const Run& run) {
  Json json;
  for (const Region region : kPresentRegions) {
    if (!run.present) break;
    json[std::string{to_string(region)}] = (*run.present)[static_cast<std::size_t>(region)];
  }
  return json;
}

Json fork_json(const FaultSums& sums) {
  const ForkBill& bill = sums.fork_bill;
  return {{"forks", sums.forks},
          {"copied_in_children", bill.in_children},
          {"copied_in_parents", bill.in_parents},
          {"copied_by_malloc", bill.by_malloc},
          {"copied_by_metadata", bill.by_metadata ? Json(*bill.by_metadata) : Json()}};
}

/// Tables of one run, so that each sums up to its faults.
Json typical_json(const Entry& entry, const Run& run) {
  Json json;
  json["minor"] = run.end.minor;
  json["major"] = run.end.major;
  json["by_payer"] = nullptr;
  json["by_region"] = nullptr;
  json["by_cause"] = nullptr;
  json["by_writer"] = nullptr;
  json["by_site"] = nullptr;
  json["by_error_code"] = nullptr;
  json["kernel_by_system_call"] = nullptr;
  json["present_at_exit"] = present_json(run);
  if (!run.faults) return json;
  json["by_payer"] = {{"malloc", run.counts->in_malloc},
                      {"program", run.counts->in_program},
                      {"kernel", run.kernel_share()}};
  Json regions;
  for (std::size_t i = 0; i < kRegions; ++i) {
    regions[std::string{to_string(static_cast<Region>(i))}] = run.faults->by_region[i];
  }
  regions["kernel"] = run.kernel_share();
  json["by_region"] = std::move(regions);
  if (entry.profile) json["by_site"] = by_site_json(*entry.profile, run);
  json["by_cause"] = whole_json(run, by_cause(run));
  json["by_writer"] = whole_json(run, by_writer(run));
  json["unexpected"] = run.faults->unexpected;
  json["fork_bill"] = fork_json(*run.faults);
  json["by_error_code"] = to_json(by_error_code(run));
  json["kernel_by_system_call"] = to_json(kernel_by_call(run));
  json["kernel_events"] = run.counts->kernel_mode;
  json["lost"] = run.counts->lost;
  return json;
}

Json measured_json(const Measured& measured) {
  if (!measured.summary) return nullptr;
  Json json;
  json["median"] = measured.summary->median;
  json["minimum"] = measured.summary->least;
  json["maximum"] = measured.summary->most;
  json["interval_95"] = nullptr;
  if (const auto& interval = measured.summary->interval) {
    json["interval_95"] = {interval->first, interval->second};
  }
  json["p"] = measured.p ? Json(*measured.p) : Json(nullptr);
  json["differs"] = measured.p ? Json(measured.differs()) : Json(nullptr);
  return json;
}

Json entry_json(const Comparison& comparison, std::size_t index) {
  const Entry& entry = comparison.entries[index];
  Json json;
  json["name"] = entry.subject.name;
  json["library"] = entry.subject.library.empty() ? Json(nullptr) : Json(entry.subject.library);
  json["version"] = entry.subject.version.empty() ? Json(nullptr) : Json(entry.subject.version);
  json["status"] = entry.status();
  json["good_runs"] = entry.good_runs();
  for (const Figure& figure : figures()) {
    json[std::string{figure.key}] = measured_json(measured(comparison, index, figure));
  }
  const Run* const run = entry.typical();
  json["typical_run"] = run == nullptr ? Json(nullptr) : typical_json(entry, *run);
  return json;
}

}  // namespace

std::string to_text(const Comparison& comparison) {
  std::vector<report::Table::Column> columns = {{"allocator", report::Align::Left}};
  for (const Figure& figure : figures()) {
    if (!in_table(figure)) continue;
    columns.push_back({std::string{figure.heading}});
    if (with_interval(figure)) columns.push_back({"95%"});
  }
  columns.push_back({"runs", report::Align::Left});
  report::Table table{columns};
  for (std::size_t i = 0; i < comparison.entries.size(); ++i) table.add(row(comparison, i));
  std::string text = table.to_text() + typical_tables(comparison) + site_table(comparison) + "\n" +
                     legend(comparison);
  for (const std::string& sentence : comparison.missing) text += sentence + "\n";
  return text;
}

Json to_json(const Comparison& comparison) {
  Json json;
  json["version"] = 1;
  json["command"] = comparison.command;
  json["runs"] = comparison.runs;
  json["allocators"] = Json::array();
  for (std::size_t i = 0; i < comparison.entries.size(); ++i) {
    json["allocators"].push_back(entry_json(comparison, i));
  }
  json["missing"] = comparison.missing;
  return json;
}

std::string to_csv(const Comparison& comparison) {
  std::string text = "allocator,figure,good_runs,median,minimum,maximum,low_95,high_95,p\n";
  for (std::size_t i = 0; i < comparison.entries.size(); ++i) {
    const Entry& entry = comparison.entries[i];
    for (const Figure& figure : figures()) {
      const Measured result = measured(comparison, i, figure);
      text += fmt::format("{},{},{}", entry.subject.name, figure.key, entry.good_runs());
      if (const auto& summary = result.summary) {
        text += fmt::format(",{},{},{}", summary->median, summary->least, summary->most);
        text += summary->interval
                    ? fmt::format(",{},{}", summary->interval->first, summary->interval->second)
                    : ",,";
      } else {
        text += ",,,,,";
      }
      text += result.p ? fmt::format(",{}\n", *result.p) : ",\n";
    }
  }
  return text;
}

}  // namespace tools::compare
