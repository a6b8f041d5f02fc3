// Printing rows of what-if.
#include "tools/verbs/what_if_row.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tools/report/fault_time.h"
#include "tools/report/run_json.h"
#include "tools/report/table.h"

namespace tools::verbs {
namespace {

using report::Json;

constexpr std::size_t kNumberWidth = 11;

std::int64_t difference(std::uint64_t here, std::uint64_t base) {
  return static_cast<std::int64_t>(here - base);
}

std::string_view cause_name(std::size_t cause) {
  return to_string(static_cast<pagesim::Cause>(cause));
}

/// Columns: the causes of the base; what other rows have besides stands in words behind them.
class TablePrinter final : public RowPrinter {
 public:
  explicit TablePrinter(WhatIfTable table) : table_{std::move(table)} {
    for (const Variation& variation : table_.variations) {
      std::size_t width = std::max(variation.knob.size(), kAsIs.size());
      for (const std::string& value : variation.values) width = std::max(width, value.size());
      widths_.push_back(width);
    }
  }

  std::string row(const WhatIfRow& row) override {
    std::string text;
    if (!base_) {
      base_ = row;
      for (std::size_t i = 0; i < pagesim::kCauses; ++i)
        if (row.tally.by_cause[i] != 0) causes_.push_back(i);
      text = head();
    }
    return text + cells(row);
  }

 private:
  static constexpr std::string_view kAsIs = "as is";

  std::string head() {
    std::string text;
    for (std::size_t i = 0; i < widths_.size(); ++i)
      text += fmt::format("{:<{}}  ", table_.variations[i].knob, widths_[i]);
    std::vector<std::string_view> names{"minor", "major", "difference"};
    for (const std::size_t cause : causes_) names.push_back(cause_name(cause));
    names.insert(names.end(), {"peak RSS", "table pages"});
    if (table_.with_time) names.push_back("fault time");
    for (const std::string_view name : names) text += fmt::format("{:>{}}", name, width(name));
    return text + '\n';
  }

  static std::size_t width(std::string_view heading) {
    return std::max(heading.size() + 2, kNumberWidth);
  }

  std::string cells(const WhatIfRow& row) {
    std::string text;
    for (std::size_t i = 0; i < widths_.size(); ++i)
      text += fmt::format("{:<{}}  ", row.values.empty() ? kAsIs : row.values[i], widths_[i]);
    if (row.ran) text += numbers(row);
    const std::string words = remarks(row);
    if (!words.empty()) text += (row.ran ? "  " : "") + words;
    return text + '\n';
  }

  std::string numbers(const WhatIfRow& row) {
    std::string text;
    const auto add = [&](std::string_view heading, const std::string& cell) {
      text += fmt::format("{:>{}}", cell, width(heading));
    };
    add("minor", report::grouped(row.tally.minor));
    add("major", report::grouped(row.tally.major));
    add("difference", base_->ran ? difference_text(row) : "-");
    for (const std::size_t cause : causes_)
      add(cause_name(cause), report::grouped(row.tally.by_cause[cause]));
    add("peak RSS", row.peak_rss ? report::bytes(*row.peak_rss) : "-");
    add("table pages", report::grouped(row.table_pages));
    if (table_.with_time)
      add("fault time",
          row.fault_time.is_known() ? report::duration(row.fault_time.all.predicted_ns) : "-");
    return text;
  }

  [[nodiscard]] std::string difference_text(const WhatIfRow& row) const {
    const std::int64_t more = difference(row.faults(), base_->faults());
    return (more > 0 ? "+" : "") + report::grouped_signed(more);
  }

  [[nodiscard]] std::string remarks(const WhatIfRow& row) const {
    std::vector<std::string> words;
    for (std::size_t i = 0; i < pagesim::kCauses; ++i) {
      const bool shown = std::find(causes_.begin(), causes_.end(), i) != causes_.end();
      if (!shown && row.tally.by_cause[i] != 0)
        words.push_back(
            fmt::format("{} {}", cause_name(i), report::grouped(row.tally.by_cause[i])));
    }
    if (!row.end.empty()) words.push_back(row.end);
    return fmt::format("{}", fmt::join(words, "; "));
  }

  WhatIfTable table_;
  std::vector<std::size_t> widths_;  ///< of the knobs' columns
  std::optional<WhatIfRow> base_;
  std::vector<std::size_t> causes_;
};

std::string quoted(const std::string& cell) {
  if (cell.find_first_of(",\"\n") == std::string::npos) return cell;
  std::string text = "\"";
  for (const char c : cell) text += c == '"' ? "\"\"" : std::string(1, c);
  return text + '"';
}

/// Every cause has a column. What is not known is empty.
class CsvPrinter final : public RowPrinter {
 public:
  explicit CsvPrinter(WhatIfTable table) : table_{std::move(table)} {}

  std::string row(const WhatIfRow& row) override {
    std::string text;
    if (!base_) {
      base_ = row;
      text = head();
    }
    for (std::size_t i = 0; i < table_.variations.size(); ++i)
      text += fmt::format("{},", row.values.empty() ? "" : quoted(row.values[i]));
    return text + numbers(row) + quoted(row.end) + '\n';
  }

 private:
  [[nodiscard]] std::string head() const {
    std::string text;
    for (const Variation& variation : table_.variations) text += variation.knob + ',';
    text += "minor,major,difference";
    for (std::size_t i = 0; i < pagesim::kCauses; ++i) text += fmt::format(",{}", cause_name(i));
    return text + ",peak_rss_kb,table_pages,predicted_ns,end\n";
  }

  [[nodiscard]] std::string numbers(const WhatIfRow& row) const {
    if (!row.ran) return std::string(3 + pagesim::kCauses + 3, ',');
    std::string text = fmt::format("{},{},", row.tally.minor, row.tally.major);
    if (base_->ran) text += std::to_string(difference(row.faults(), base_->faults()));
    for (const std::uint64_t count : row.tally.by_cause) text += fmt::format(",{}", count);
    text += fmt::format(",{},{},", row.peak_rss ? std::to_string(*row.peak_rss / 1024) : "",
                        row.table_pages);
    if (row.fault_time.is_known()) text += fmt::format("{:.0f}", row.fault_time.all.predicted_ns);
    return text + ',';
  }

  WhatIfTable table_;
  std::optional<WhatIfRow> base_;
};

class JsonPrinter final : public RowPrinter {
 public:
  explicit JsonPrinter(WhatIfTable table) : table_{std::move(table)} {}

  std::string row(const WhatIfRow& row) override {
    if (!base_) base_ = row;
    Json json;
    json["version"] = 1;
    json["file"] = table_.file;
    json["base"] = row.values.empty();
    json["knobs"] = Json::object();
    for (std::size_t i = 0; i < row.values.size(); ++i)
      json["knobs"][table_.variations[i].knob] = row.values[i];
    json["ran"] = row.ran;
    json["end"] = row.end.empty() ? Json(nullptr) : Json(row.end);
    for (const char* key : {"minor", "major", "difference", "by_cause", "by_writer", "peak_rss_kb",
                            "table_pages", "fault_time"})
      json[key] = nullptr;
    if (row.ran) add_numbers(json, row);
    return json.dump() + '\n';
  }

 private:
  void add_numbers(Json& json, const WhatIfRow& row) const {
    const report::Knowledge known{.causes = true, .writers = true, .era = {}};
    json["minor"] = row.tally.minor;
    json["major"] = row.tally.major;
    if (base_->ran) json["difference"] = difference(row.faults(), base_->faults());
    json["by_cause"] = report::by_cause_json(row.tally, known);
    json["by_writer"] = report::by_writer_json(row.tally, known);
    if (row.peak_rss) json["peak_rss_kb"] = *row.peak_rss / 1024;
    json["table_pages"] = row.table_pages;
    json["fault_time"] = report::to_json(row.fault_time);
  }

  WhatIfTable table_;
  std::optional<WhatIfRow> base_;
};

}  // namespace

std::unique_ptr<RowPrinter> row_printer(const std::string& format, WhatIfTable table) {
  if (format == "csv") return std::make_unique<CsvPrinter>(std::move(table));
  if (format == "json") return std::make_unique<JsonPrinter>(std::move(table));
  return std::make_unique<TablePrinter>(std::move(table));
}

}  // namespace tools::verbs
