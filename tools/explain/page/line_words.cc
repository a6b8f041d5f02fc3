// Splitting a line into words: digits and letters of ASCII, and what is none of them lies between.
#include "tools/explain/page/line_words.h"

#include <algorithm>

#include "tools/explain/page/forecast.h"

namespace tools::explain {
namespace {

bool is_in_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/// 12, 4K, 3M, 1G; 0: no such number, or one too long.
std::int64_t number(std::string_view word) {
  constexpr std::string_view kUnits = "KMG";
  constexpr std::size_t kMostDigits = 9;
  const auto unit = kUnits.find(word.back());
  const std::string_view digits = word.substr(0, word.size() - (unit < kUnits.size() ? 1 : 0));
  if (digits.empty() || digits.size() > kMostDigits) return 0;
  std::int64_t value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return 0;
    value = value * 10 + (c - '0');
  }
  return unit < kUnits.size() ? value << (10 * (unit + 1)) : value;
}

}  // namespace

LineReader::LineReader(const std::vector<std::string>& names) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    names_.try_emplace(names[i], static_cast<std::int64_t>(i));
  }
}

void LineReader::take(std::string_view word, LineWords& line, bool& ends) const {
  ends = ends || word == "free" || word == "munmap" || word == "realloc";
  if (const auto found = names_.find(word); found != names_.end()) line.operand = found->second;
  const std::int64_t factor = number(word);
  if (factor == 0) return;
  if (line.amount == 0) {
    line.amount = factor;
  } else if (line.amount <= kExact / factor) {
    line.amount *= factor;
  }
}

LineWords LineReader::read(std::string_view text) const {
  text = text.substr(0, text.find('#'));
  LineWords line;
  bool ends = false;
  while (!text.empty()) {
    const auto* const begin = std::find_if(text.begin(), text.end(), is_in_word);
    if (line.result < 0 && std::find(text.begin(), begin, '=') != begin) line.result = line.operand;
    const auto* const end = std::find_if_not(begin, text.end(), is_in_word);
    if (begin != end) take({begin, static_cast<std::size_t>(end - begin)}, line, ends);
    text.remove_prefix(static_cast<std::size_t>(end - text.begin()));
  }
  if (ends && line.operand != line.result) line.ended = line.operand;
  return line;
}

}  // namespace tools::explain
