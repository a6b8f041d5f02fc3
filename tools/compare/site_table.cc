// Rows that every subject may have.
#include "tools/compare/site_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "tools/report/table.h"

namespace tools::compare {
namespace {

using report::Json;

constexpr std::size_t kRows = 10;

struct Row {
  std::string label;
  std::vector<std::uint64_t> faults;  ///< by subject
  [[nodiscard]] std::uint64_t most() const {
    return *std::max_element(faults.begin(), faults.end());
  }
};

std::vector<Row> rows_of(const Comparison& comparison) {
  std::map<std::string, std::vector<std::uint64_t>> by_label;
  for (std::size_t i = 0; i < comparison.entries.size(); ++i) {
    const auto& profile = comparison.entries[i].profile;
    if (!profile) continue;
    for (const Site& site : profile->sites) {
      auto& faults = by_label[site.label()];
      faults.resize(comparison.entries.size());
      faults[i] += site.faults;
    }
  }
  std::vector<Row> rows;
  rows.reserve(by_label.size());
  for (auto& [label, faults] : by_label) rows.push_back({label, std::move(faults)});
  std::stable_sort(rows.begin(), rows.end(),
                   [](const Row& a, const Row& b) { return a.most() > b.most(); });
  return rows;
}

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json site_json(const Site& site) {
  const Symbol& symbol = site.frame.symbol;
  return {{"site", site.label()},
          {"function", text_or_null(symbol.function)},
          {"source", text_or_null(symbol.source)},
          {"line", symbol.line == 0 ? Json(nullptr) : Json(symbol.line)},
          {"object", text_or_null(site.frame.object)},
          {"via", text_or_null(site.via)},
          {"payer", to_string(site.payer)},
          {"faults", site.faults}};
}

}  // namespace

std::string site_table(const Comparison& comparison) {
  const auto rows = rows_of(comparison);
  if (rows.empty()) return "";
  std::vector<report::Table::Column> columns = {{"by call site", report::Align::Left}};
  for (const Entry& entry : comparison.entries) columns.push_back({entry.subject.name});
  report::Table table{columns};
  for (std::size_t i = 0; i < std::min(kRows, rows.size()); ++i) {
    std::vector<std::string> cells = {rows[i].label};
    for (const std::uint64_t faults : rows[i].faults) cells.push_back(report::grouped(faults));
    table.add(std::move(cells));
  }
  std::string text = "\n" + table.to_text();
  if (rows.size() > kRows) {
    text += fmt::format("and {} more, in --format json.\n", rows.size() - kRows);
  }
  return text;
}

Json by_site_json(const Profile& profile, const Run& run) {
  Json json = Json::array();
  for (const Site& site : profile.sites) json.push_back(site_json(site));
  Site kernel;
  Json row = site_json(kernel);
  row["site"] = "kernel";
  row["payer"] = to_string(Payer::Kernel);
  row["faults"] = run.kernel_share();
  json.push_back(std::move(row));
  return json;
}

}  // namespace tools::compare
