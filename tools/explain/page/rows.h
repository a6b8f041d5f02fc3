// Rows of numbers by step, as the page's data has them: column by column, since that packs well.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tools::explain {

/// A column is written as it is, or as differences from the row before.
struct ColumnName {
  std::string_view name;
  bool differences = false;
};

class Rows {
 public:
  Rows(std::initializer_list<ColumnName> columns);

  /// A row of the step that is not ended yet: one number for each column.
  void add(std::initializer_list<std::int64_t> row);
  void end_step();
  /// {"counts":[rows of step 0, of step 1, ...],"NAME":[...],...}
  [[nodiscard]] std::string json() const;

 private:
  struct Column {
    ColumnName name;
    std::int64_t last = 0;
    std::string text;
  };
  std::vector<Column> columns_;
  std::string counts_;
  std::size_t rows_ = 0;  ///< of this step
};

/// Texts by number, each kept once.
class Texts {
 public:
  [[nodiscard]] std::int64_t number(std::string_view text);
  /// ["...","..."]
  [[nodiscard]] std::string json() const;

 private:
  std::map<std::string, std::int64_t, std::less<>> numbers_;
  std::vector<std::string> texts_;
};

}  // namespace tools::explain
