// Aligned text tables and the way people read numbers.
#include "tools/report/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace tools::report {
namespace {

std::string padded(const std::string& cell, std::size_t width, Align align) {
  const std::string space(width - std::min(width, display_width(cell)), ' ');
  return align == Align::Left ? cell + space : space + cell;
}

void trim_right(std::string& line) { line.erase(line.find_last_not_of(' ') + 1); }

}  // namespace

std::size_t display_width(const std::string& text) noexcept {
  const auto starts_character = [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  };
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), starts_character));
}

void Table::add(std::vector<std::string> cells) {
  if (cells.size() != columns_.size()) throw std::logic_error("a row of another table");
  rows_.push_back(std::move(cells));
}

std::vector<std::size_t> Table::widths() const {
  std::vector<std::size_t> widths;
  for (const Column& column : columns_) widths.push_back(display_width(column.heading));
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], display_width(row[i]));
    }
  }
  return widths;
}

std::string Table::to_text() const {
  const auto width = widths();
  std::string text;
  const auto add_line = [&](auto cell_at) {
    std::string line;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (i != 0) line += "  ";
      line += padded(cell_at(i), width[i], columns_[i].align);
    }
    trim_right(line);
    text += line + '\n';
  };
  add_line([&](std::size_t i) { return columns_[i].heading; });
  for (const auto& row : rows_) {
    if (row.empty()) {
      text += '\n';
    } else {
      add_line([&](std::size_t i) { return row[i]; });
    }
  }
  return text;
}

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), 1, ',');
  }
  return digits;
}

std::string counted(std::uint64_t number, std::string_view noun) {
  return fmt::format("{} {}{}", grouped(number), noun, number == 1 ? "" : "s");
}

std::string grouped_signed(std::int64_t number) {
  return number < 0 ? "-" + grouped(0 - static_cast<std::uint64_t>(number))
                    : grouped(static_cast<std::uint64_t>(number));
}

std::string bytes(std::uint64_t count) {
  constexpr std::array kUnits = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (count < 10 * 1024) return grouped(count) + " B";
  auto amount = static_cast<double>(count);
  std::size_t unit = 0;
  for (; amount >= 1024 && unit + 1 < kUnits.size(); ++unit) amount /= 1024;
  return fmt::format("{:.1f} {}", amount, kUnits.at(unit));
}

std::string seconds(double duration) {
  if (duration >= 1) return fmt::format("{:.2f} s", duration);
  if (duration >= 1e-3) return fmt::format("{:.2f} ms", duration * 1e3);
  return fmt::format("{:.0f} us", duration * 1e6);
}

}  // namespace tools::report
