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

/// Numbers beyond this are told as texts, and foretell nothing: JavaScript's are not exact.
inline constexpr std::int64_t kExact = std::int64_t{1} << 52;

/// Adds to a list as JSON has it.
void append_number(std::string& list, std::int64_t number);

class Rows {
 public:
  Rows(std::initializer_list<ColumnName> columns);

  /// A row of the step that is not ended yet: one number for each column.
  void add(std::initializer_list<std::int64_t> row);
  void end_step() { ++step_; }
  /// {"of+":[step of each row],"NAME":[...],...}. One number stands for a column that has no other.
  [[nodiscard]] std::string json() const;

 private:
  struct Column {
    ColumnName name;
    std::int64_t last = 0;
    std::int64_t told = 0;
    bool constant = true;
    std::string text{};

    void tell(std::int64_t number);
  };
  std::vector<Column> columns_;
  std::int64_t step_ = 0;
  std::int64_t rows_ = 0;
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
