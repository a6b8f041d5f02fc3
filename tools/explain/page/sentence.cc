// Finding the numbers of a sentence.
#include "tools/explain/page/sentence.h"

#include <algorithm>
#include <charconv>

#include "tools/explain/page/rows.h"
#include "tools/report/table.h"

namespace tools::explain {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }

/// The number that the text begins with: how many characters it has, and which kind it is.
struct Found {
  std::size_t length = 0;
  char kind = 0;  ///< 1, 2 or 3; 0: none, and `length` is to be kept as it is
  std::int64_t value = 0;
};

bool read(std::string_view digits, int base, std::int64_t& value) {
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value, base);
  const bool padded = digits.size() > 1 && digits.front() == '0';
  return error == std::errc{} && stop == end && !padded && value <= kExact;
}

Found hex_number(std::string_view text) {
  const auto* const end = std::find_if_not(text.begin() + 2, text.end(), is_hex);
  Found found{static_cast<std::size_t>(end - text.begin())};
  if (read(text.substr(2, found.length - 2), 16, found.value)) found.kind = 2;
  return found;
}

Found decimal_number(std::string_view text) {
  const auto* const end =
      std::find_if_not(text.begin(), text.end(), [](char c) { return is_digit(c) || c == ','; });
  std::string_view all{text.begin(), static_cast<std::size_t>(end - text.begin())};
  while (all.back() == ',') all.remove_suffix(1);
  std::string digits{all};
  std::erase(digits, ',');
  Found found{all.size()};
  if (!read(digits, 10, found.value)) return found;
  const bool grouped = digits.size() != all.size();
  if (!grouped) found.kind = 1;
  if (grouped && report::grouped(static_cast<std::uint64_t>(found.value)) == all) found.kind = 3;
  return found;
}

}  // namespace

CutSentence cut_numbers(std::string_view sentence) {
  CutSentence cut;
  while (!sentence.empty()) {
    if (!is_digit(sentence.front())) {
      cut.text += sentence.front();
      sentence.remove_prefix(1);
      continue;
    }
    const bool hex = sentence.starts_with("0x") && sentence.size() > 2 && is_hex(sentence[2]);
    const Found found = hex ? hex_number(sentence) : decimal_number(sentence);
    if (found.kind != 0) {
      cut.text += found.kind;
      cut.numbers.push_back(found.value);
    } else {
      cut.text += sentence.substr(0, found.length);
    }
    sentence.remove_prefix(found.length);
  }
  return cut;
}

}  // namespace tools::explain
