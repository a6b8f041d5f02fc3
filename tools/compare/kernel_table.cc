// Splits whose names are not known beforehand.
#include "tools/compare/kernel_table.h"

#include <fmt/format.h>

#include <vector>

#include "tools/compare/system_call.h"
#include "tools/report/table.h"

namespace tools::compare {
namespace {

constexpr const char* kUnknown = "unknown";

std::int64_t sum(const NamedCounts& counts) {
  std::int64_t all = 0;
  for (const auto& [name, count] : counts) all += count;
  return all;
}

/// What is left of `all` is unknown.
void complete(NamedCounts& counts, std::int64_t all) {
  const std::int64_t left = all - sum(counts);
  if (left != 0) counts[kUnknown] += left;
}

using Split = NamedCounts (*)(const Run&);

/// A row for each subject, a column for each name that occurs.
std::string table_of(const Comparison& comparison, const std::string& heading, Split split) {
  std::vector<std::pair<std::string, NamedCounts>> rows;
  NamedCounts all;
  for (const Entry& entry : comparison.entries) {
    const Run* const run = entry.typical();
    if (run == nullptr || !run->faults) continue;
    rows.emplace_back(entry.subject.name, split(*run));
    for (const auto& [name, count] : rows.back().second) all[name] += count;
  }
  if (all.empty()) return "";
  std::vector<report::Table::Column> columns = {{heading, report::Align::Left}};
  for (const auto& [name, count] : all) columns.push_back({name});
  report::Table table{columns};
  for (auto& [subject, counts] : rows) {
    std::vector<std::string> cells = {subject};
    for (const auto& [name, count] : all) cells.push_back(report::grouped_signed(counts[name]));
    table.add(std::move(cells));
  }
  return "\n" + table.to_text();
}

}  // namespace

NamedCounts kernel_by_call(const Run& run) {
  NamedCounts counts;
  for (const auto& [call, faults] : run.faults->kernel_by_call) {
    counts[system_call_name(call)] += static_cast<std::int64_t>(faults);
  }
  NamedCounts populated;
  for (const auto& [call, faults] : run.faults->populated) {
    populated[system_call_name(call)] += static_cast<std::int64_t>(faults);
  }
  if (sum(populated) <= run.kernel_share() - sum(counts)) {
    for (const auto& [name, faults] : populated) counts[name] += faults;
  }
  complete(counts, run.kernel_share());
  return counts;
}

NamedCounts by_error_code(const Run& run) {
  NamedCounts counts;
  for (const auto& [code, faults] : run.faults->by_error_code) {
    counts[fmt::format("{:#04x}", code)] += static_cast<std::int64_t>(faults);
  }
  if (!counts.empty()) complete(counts, static_cast<std::int64_t>(run.end.minor + run.end.major));
  return counts;
}

std::string kernel_tables(const Comparison& comparison) {
  const std::string calls = table_of(comparison, "in kernel, by call", kernel_by_call);
  return calls + table_of(comparison, "by error code", by_error_code);
}

report::Json to_json(const NamedCounts& counts) {
  return counts.empty() ? report::Json(nullptr) : report::Json(counts);
}

}  // namespace tools::compare
