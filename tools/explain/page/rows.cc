// Rows and texts, written out as JSON.
#include "tools/explain/page/rows.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace tools::explain {
namespace {

void append(std::string& list, std::int64_t number) {
  if (!list.empty()) list += ',';
  const fmt::format_int digits{number};
  list.append(digits.data(), digits.size());
}

}  // namespace

Rows::Rows(std::initializer_list<ColumnName> columns) {
  for (const ColumnName& name : columns) columns_.push_back({name, 0, {}});
}

void Rows::add(std::initializer_list<std::int64_t> row) {
  auto column = columns_.begin();
  for (const std::int64_t number : row) {
    append(column->text, column->name.differences ? number - column->last : number);
    column->last = number;
    ++column;
  }
  ++rows_;
}

void Rows::end_step() {
  append(counts_, static_cast<std::int64_t>(rows_));
  rows_ = 0;
}

std::string Rows::json() const {
  std::string text = "{\"counts\":[" + counts_ + ']';
  for (const Column& column : columns_) {
    text += fmt::format(",\"{}{}\":[", column.name.name, column.name.differences ? "+" : "");
    text += column.text + ']';
  }
  return text + '}';
}

std::int64_t Texts::number(std::string_view text) {
  const auto found = numbers_.find(text);
  if (found != numbers_.end()) return found->second;
  const auto number = static_cast<std::int64_t>(texts_.size());
  numbers_.emplace(text, number);
  texts_.emplace_back(text);
  return number;
}

std::string Texts::json() const { return nlohmann::json(texts_).dump(); }

}  // namespace tools::explain
