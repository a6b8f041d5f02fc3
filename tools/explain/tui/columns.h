// Columns of a terminal: texts cut and filled to them, whatever colours they have.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tools::explain {

/// The lines of a text, without their ends.
[[nodiscard]] std::vector<std::string> lines_of(std::string_view text);

/// One character as it is printed: bytes of UTF-8, or of a colour (no columns).
struct Glyph {
  std::string_view bytes;
  char32_t code = 0;        ///< 0: a colour
  std::size_t columns = 0;  ///< as the locale has it
};
/// Cuts the first one off. Bytes that are none, and control characters, come as '?'.
[[nodiscard]] Glyph take_glyph(std::string_view& text);

[[nodiscard]] std::size_t columns_of(std::string_view text);
/// Columns [from, from + width) of a line: exactly `width`, blanks where it has none. Colours end
/// with it.
[[nodiscard]] std::string cut(std::string_view line, std::size_t from, std::size_t width);

}  // namespace tools::explain
