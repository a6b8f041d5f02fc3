// Style: how wide a text may be, and whether it may have colours.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tools::explain {

/// Nothing printed for a terminal of unknown width is wider.
inline constexpr std::size_t kWidth = 80;

/// ECMA-48 colours that can be read on light and dark.
enum class Paint : char {
  Bold = '1',
  Red = 'r',
  Green = 'g',
  Yellow = 'y',
  Blue = 'b',
  Dim = 'd',
  Reverse = 'v'
};

struct Style {
  std::size_t width = kWidth;
  bool colours = false;

  [[nodiscard]] std::string paint(Paint paint, std::string_view text) const;
};

/// Of standard output: as wide as the terminal, with colours unless NO_COLOR is set; 80 wide and
/// plain where it is none.
[[nodiscard]] Style style_of_output();

}  // namespace tools::explain
