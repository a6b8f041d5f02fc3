// Rows of typical runs.
#include "tools/compare/typical_tables.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "tools/compare/split.h"
#include "tools/report/table.h"

namespace tools::compare {
namespace {

using Cells = std::vector<std::string>;

/// A row for the typical run of each that `cells` has something of; empty: of none.
template <class CellsOf>
std::string typical_table(const Comparison& comparison,
                          const std::vector<report::Table::Column>& columns, CellsOf&& cells) {
  report::Table table{columns};
  bool any = false;
  for (const Entry& entry : comparison.entries) {
    const Run* const run = entry.typical();
    Cells row = run == nullptr ? Cells{} : cells(*run);
    if (row.empty()) continue;
    any = true;
    row.insert(row.begin(), entry.subject.name);
    table.add(std::move(row));
  }
  return any ? "\n" + table.to_text() : "";
}

/// What was touched in user mode.
std::string region_table(const Comparison& comparison) {
  std::vector<report::Table::Column> columns = {{"by region", report::Align::Left}};
  for (std::size_t i = 0; i < kRegions; ++i) {
    columns.push_back({std::string{to_string(static_cast<Region>(i))}});
  }
  columns.push_back({"in kernel"});
  columns.push_back({"all"});
  columns.push_back({"lost"});
  return typical_table(comparison, columns, [](const Run& run) {
    Cells cells;
    if (!run.faults) return cells;
    for (const std::uint64_t count : run.faults->by_region) cells.push_back(report::grouped(count));
    cells.push_back(report::grouped_signed(run.kernel_share()));
    cells.push_back(report::grouped(run.end.minor + run.end.major));
    cells.push_back(report::grouped(run.counts->lost));
    return cells;
  });
}

/// Where faults were not seen: what was there when the processes ended.
std::string present_table(const Comparison& comparison) {
  std::vector<report::Table::Column> columns = {{"pages at exit", report::Align::Left}};
  for (const Region region : kPresentRegions) columns.push_back({std::string{to_string(region)}});
  return typical_table(comparison, columns, [](const Run& run) {
    Cells cells;
    if (!run.present) return cells;
    for (const Region region : kPresentRegions)
      cells.push_back(report::grouped((*run.present)[static_cast<std::size_t>(region)]));
    return cells;
  });
}

std::int64_t count_of(const Split& split, const std::string& name) {
  const auto found = std::find_if(split.begin(), split.end(),
                                  [&](const auto& each) { return each.first == name; });
  return found == split.end() ? 0 : found->second;
}

/// The names that occur under any subject, in their order.
std::vector<std::string> names_of(const std::vector<Split>& splits) {
  std::vector<std::string> names;
  for (const Split& split : splits) {
    for (const auto& [name, count] : split) {
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    }
  }
  const auto nowhere = [&](const std::string& name) {
    return std::all_of(splits.begin(), splits.end(),
                       [&](const Split& split) { return count_of(split, name) == 0; });
  };
  names.erase(std::remove_if(names.begin(), names.end(), nowhere), names.end());
  return names;
}

/// A column for each name that occurs.
template <class SplitOf>
std::string split_table(const Comparison& comparison, const std::string& heading,
                        SplitOf&& split_of) {
  std::vector<Split> splits;
  for (const Entry& entry : comparison.entries) {
    const Run* const run = entry.typical();
    if (run != nullptr && run->faults) splits.push_back(split_of(*run));
  }
  const auto names = names_of(splits);
  if (names.empty()) return "";
  std::vector<report::Table::Column> columns = {{heading, report::Align::Left}};
  for (const std::string& name : names) columns.push_back({name});
  return typical_table(comparison, columns, [&](const Run& run) {
    Cells cells;
    if (!run.faults) return cells;
    const Split split = split_of(run);
    for (const std::string& name : names)
      cells.push_back(report::grouped_signed(count_of(split, name)));
    return cells;
  });
}

/// With the kernel's share, so that each row sums up to all faults.
Split whole(const Run& run, Split split) {
  split.emplace_back("in kernel", run.kernel_share());
  return split;
}

/// Where a run forked: what was copied since, by whom, and whose writing alone made it so.
std::string fork_table(const Comparison& comparison) {
  const std::vector<report::Table::Column> columns = {{"fork bill", report::Align::Left},
                                                      {"forks"},
                                                      {"copied in parents"},
                                                      {"in children"},
                                                      {"by malloc"},
                                                      {"by its metadata"}};
  return typical_table(comparison, columns, [](const Run& run) {
    if (!run.faults || run.faults->forks == 0) return Cells{};
    const ForkBill& bill = run.faults->fork_bill;
    return Cells{report::grouped(run.faults->forks), report::grouped(bill.in_parents),
                 report::grouped(bill.in_children), report::grouped(bill.by_malloc),
                 bill.by_metadata ? report::grouped(*bill.by_metadata) : "-"};
  });
}

}  // namespace

std::string typical_tables(const Comparison& comparison) {
  return region_table(comparison) + present_table(comparison) +
         split_table(comparison, "by cause",
                     [](const Run& run) { return whole(run, by_cause(run)); }) +
         split_table(comparison, "by writer",
                     [](const Run& run) { return whole(run, by_writer(run)); }) +
         fork_table(comparison) + split_table(comparison, "in kernel, by call", kernel_by_call) +
         split_table(comparison, "by error code", by_error_code);
}

}  // namespace tools::compare
