// A table of text for people: columns aligned, numbers grouped, nothing wider than it need be.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tools::report {

enum class Align : std::uint8_t { Left, Right };

/// Rows of cells under a heading. A column is as wide as its widest cell (in characters, not
/// bytes); the last column is not padded.
class Table {
 public:
  struct Column {
    std::string heading;
    Align align = Align::Right;
  };

  explicit Table(std::vector<Column> columns) : columns_{std::move(columns)} {}

  /// Adds a row of as many cells as there are columns; throws std::logic_error on any other.
  void add(std::vector<std::string> cells);
  /// A blank line between the rows before and after.
  void add_gap() { rows_.emplace_back(); }
  [[nodiscard]] std::string to_text() const;

 private:
  [[nodiscard]] std::vector<std::size_t> widths() const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// 1234567 -> "1,234,567".
[[nodiscard]] std::string grouped(std::uint64_t number);
/// 1, "fault" -> "1 fault"; 1234, "fault" -> "1,234 faults".
[[nodiscard]] std::string counted(std::uint64_t number, std::string_view noun);
[[nodiscard]] std::string grouped_signed(std::int64_t number);
/// Bytes as "12.3 MiB", exact below 10 KiB.
[[nodiscard]] std::string bytes(std::uint64_t count);
/// Seconds as "1.23 s", "4.56 ms" or "789 us".
[[nodiscard]] std::string seconds(double duration);
/// Width on a terminal: one for each code point.
[[nodiscard]] std::size_t display_width(const std::string& text) noexcept;

}  // namespace tools::report
