// Rows and texts, written out as JSON.
#include "tools/explain/page/rows.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace tools::explain {

void append_number(std::string& list, std::int64_t number) {
  if (!list.empty()) list += ',';
  const fmt::format_int digits{number};
  list.append(digits.data(), digits.size());
}

Rows::Rows(std::initializer_list<ColumnName> columns) {
  columns_.push_back({{"of", true}});
  for (const ColumnName& name : columns) columns_.push_back({name});
}

void Rows::Column::tell(std::int64_t number) {
  const std::int64_t now = name.differences ? number - last : number;
  constant = constant && (text.empty() || now == told);
  append_number(text, now);
  told = now;
  last = number;
}

void Rows::add(std::initializer_list<std::int64_t> row) {
  auto column = columns_.begin();
  column->tell(step_);
  for (const std::int64_t number : row) (++column)->tell(number);
  ++rows_;
}

std::string Rows::json() const {
  std::string text = fmt::format("{{\"rows\":{}", rows_);
  for (const Column& column : columns_) {
    const bool is_list = !column.constant || column.text.empty();
    text += fmt::format(",\"{}{}\":", column.name.name, column.name.differences ? "+" : "");
    text += is_list ? '[' + column.text + ']' : std::to_string(column.told);
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
