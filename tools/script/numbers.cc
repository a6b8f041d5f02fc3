// Reads the numbers of a line: decimal or hexadecimal, with a suffix K, M, G, T or p.
#include <fmt/format.h>

#include <charconv>
#include <limits>

#include "tools/script/line_parser.h"
#include "tools/script/words.h"

namespace tools::script {
namespace {

constexpr std::uint64_t kMaximum = std::numeric_limits<std::int64_t>::max();

}  // namespace

/// A number without a sign, at most `limit`.
std::uint64_t LineParser::magnitude(std::string_view what, std::uint64_t limit) {
  const Token& token = peek();
  if (token.kind != Token::Kind::Number) fail_expected(what);
  next();
  const bool hexadecimal = token.text.starts_with("0x") || token.text.starts_with("0X");
  const std::string_view digits = token.text.substr(hexadecimal ? 2 : 0);
  std::uint64_t value = 0;
  const auto [end, problem] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, hexadecimal ? 16 : 10);
  if (problem == std::errc::invalid_argument) {
    fail(token, fmt::format("expected {}, found \"{}\"", what, token.text));
  }
  const auto suffix = digits.substr(static_cast<std::size_t>(end - digits.data()));
  const std::uint64_t factor = suffix_factor(token, suffix);
  if (problem == std::errc::result_out_of_range || value > limit / factor) {
    fail(token, fmt::format("\"{}\" is too large: expected at most {}", token.text, limit));
  }
  return value * factor;
}

std::uint64_t LineParser::suffix_factor(const Token& token, std::string_view suffix) const {
  if (const auto factor = script::suffix_factor(suffix)) return *factor;
  if (suffix == "p") return std::uint64_t{1} << program_->page_shift;
  fail(token, fmt::format("\"{}\" is no number: after the digits expected K, M, G, T, p or nothing",
                          token.text));
}

std::uint64_t LineParser::unsigned_number(std::string_view what) {
  if (at_sign("-")) fail_expected(fmt::format("{} that is not negative", what));
  return magnitude(what, kMaximum);
}

std::int64_t LineParser::signed_number(std::string_view what) {
  const bool negative = at_sign("-");
  if (negative || at_sign("+")) next();
  const auto value = static_cast<std::int64_t>(magnitude(what, kMaximum));
  return negative ? -value : value;
}

/// A page counted from a block's first; negative ones lie before it.
std::int64_t LineParser::page_number(std::string_view what) {
  const Token& token = peek();
  const std::int64_t page = signed_number(what);
  (void)page_bytes(page, token);
  return page;
}

std::int64_t LineParser::page_bytes(std::int64_t page, const Token& token) const {
  const std::int64_t limit = std::numeric_limits<std::int64_t>::max() / page_size() - 1;
  if (page > limit || page < -limit) {
    fail(token, fmt::format("page {} lies beyond 2^63 bytes", page));
  }
  return page * page_size();
}

}  // namespace tools::script
