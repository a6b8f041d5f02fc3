// Counting columns.
#include "tools/explain/tui/columns.h"

#include <algorithm>
#include <cwchar>

namespace tools::explain {
namespace {

constexpr std::string_view kOneColour = "\033[";
constexpr std::string_view kNoColour = "\033[0m";

/// Of "\033[31m" at the text's beginning; 0: there is none.
std::size_t colour_length(std::string_view text) {
  if (!text.starts_with(kOneColour)) return 0;
  const std::size_t end = text.find_first_not_of("0123456789;", kOneColour.size());
  return end != std::string_view::npos && text[end] == 'm' ? end + 1 : 0;
}

/// Bytes that a character of UTF-8 has after its first one; 4: it is no first one.
std::size_t bytes_after(unsigned char first) {
  if (first < 0x80) return 0;
  if (first < 0xc2 || first > 0xf4) return 4;
  return first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
}

Glyph unknown(std::string_view& text) {
  text.remove_prefix(1);
  return {"?", U'?', 1};
}

}  // namespace

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

Glyph take_glyph(std::string_view& text) {
  if (const std::size_t length = colour_length(text); length != 0) {
    const Glyph colour{text.substr(0, length), 0, 0};
    text.remove_prefix(length);
    return colour;
  }
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t more = bytes_after(first);
  if (first < ' ' || first == 0x7f || more >= text.size()) return unknown(text);
  char32_t code = more == 0 ? first : first & (0x3fu >> more);
  for (std::size_t i = 1; i <= more; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xc0) != 0x80) return unknown(text);
    code = code << 6 | (byte & 0x3fu);
  }
  const int columns = more == 0 ? 1 : ::wcwidth(static_cast<wchar_t>(code));
  const Glyph glyph{text.substr(0, more + 1), code,
                    columns < 0 ? 1 : static_cast<std::size_t>(columns)};
  text.remove_prefix(more + 1);
  return glyph;
}

std::size_t columns_of(std::string_view text) {
  std::size_t columns = 0;
  while (!text.empty()) columns += take_glyph(text).columns;
  return columns;
}

std::string cut(std::string_view line, std::size_t from, std::size_t width) {
  std::string text;
  std::size_t column = 0;
  std::size_t used = 0;
  bool coloured = false;
  while (!line.empty()) {
    const Glyph glyph = take_glyph(line);
    const bool before = column < from;
    column += glyph.columns;
    if (glyph.code == 0) {
      coloured = glyph.bytes != kNoColour;
    } else if (before) {
      continue;
    } else if (used + glyph.columns > width) {
      break;
    }
    text += glyph.bytes;
    used += glyph.columns;
  }
  if (coloured) text += kNoColour;
  return text + std::string(width - used, ' ');
}

}  // namespace tools::explain
