// Reads `expect` lines: what the operation before them must cost.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "tools/script/line_parser.h"

namespace tools::script {
namespace {

constexpr std::array<std::string_view, 5> kSignals{"none", "SIGSEGV", "SIGBUS", "SIGABRT",
                                                   "SIGKILL"};
constexpr std::array<std::string_view, 5> kSignalCodes{"MAPERR", "ACCERR", "PKUERR", "ADRERR",
                                                       "KERNEL"};
constexpr std::array<std::string_view, 11> kPageStates{"absent",      "swap",  "guard",      "zero",
                                                       "huge_zero",   "anon",  "huge",       "file",
                                                       "anon_shared", "shmem", "huge_shared"};

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// The enumerator whose word is `word`, among the first `count`.
template <class E>
std::optional<E> enumerator(std::string_view word, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto value = static_cast<E>(i);
    if (pagesim::to_string(value) == word) return value;
  }
  return std::nullopt;
}

}  // namespace

void LineParser::expectation() {
  if (program_->ops.empty()) fail(tokens_[0], "\"expect\" has no operation before it");
  Expectation expected;
  expected.op = program_->ops.size() - 1;
  expected.line = op_.line;
  expected.text = source_.substr(peek().column - 1, tokens_.back().column - peek().column);
  while (!expected.text.empty() &&
         std::string_view{" \t\r"}.find(expected.text.back()) != std::string_view::npos) {
    expected.text.pop_back();
  }
  op_.process = program_->ops.back().process;
  places_of_ = op_.process;
  any_life_ = true;
  if (accept_word("fault")) {
    expected_fault(expected);
  } else if (accept_word("at")) {
    expected.at = place();
  } else if (accept_word("pages")) {
    expected_pages(expected);
  } else {
    expected_counts(expected);
  }
  if (peek().kind != Token::Kind::End) fail_expected("nothing more after the expectation");
  program_->expectations.push_back(std::move(expected));
}

void LineParser::expected_fault(Expectation& expected) {
  ExpectedFault fault;
  fault.place = place();
  const auto take = [this](auto& slot, std::size_t count, std::string_view what) {
    using E = std::remove_reference_t<decltype(slot)>;
    const auto value = enumerator<E>(peek().text, count);
    if (!value) fail_expected(what);
    next();
    slot = *value;
  };
  take(fault.access, 3, "read, write or execute");
  take(fault.outcome, 3, "minor, major or signal");
  take(fault.cause, pagesim::kCauses, "a cause such as first_write");
  if (accept_word("error_code")) {
    fault.error_code = unsigned_number("a number after \"error_code\"");
  }
  expected.fault = fault;
}

void LineParser::expected_pages(Expectation& expected) {
  expected.pages_of = place();
  while (peek().kind != Token::Kind::End) {
    if (accept_sign("-")) {
      expected.page_states.emplace_back("absent");
    } else if (contains(kPageStates, peek().text)) {
      expected.page_states.emplace_back(next().text);
    } else {
      fail_expected("a page state such as absent, zero, anon, anon_shared, file or \"-\"");
    }
  }
  if (expected.page_states.empty()) fail_expected("the state of each page");
}

void LineParser::expected_counts(Expectation& expected) {
  constexpr std::string_view kWanted =
      "minor, major, rss_anon, rss_file, rss_shmem, rss_swap, page_tables, signal, returned, "
      "error, "
      "fault, at or pages after \"expect\"";
  if (peek().kind == Token::Kind::End) fail_expected(kWanted);
  while (peek().kind != Token::Kind::End) {
    if (!expected_count(expected)) fail_expected(kWanted);
  }
}

template <class T>
void LineParser::set_once(std::optional<T>& slot, T value, const Token& at) {
  if (slot) fail(at, fmt::format("\"{}\" is written twice", at.text));
  slot = std::move(value);
}

bool LineParser::expected_count(Expectation& expected) {
  const Token& word = peek();
  if (word.kind != Token::Kind::Word) return false;
  const std::pair<std::string_view, std::optional<std::int64_t>*> signed_slots[] = {
      {"rss_anon", &expected.rss_anon},       {"rss_file", &expected.rss_file},
      {"rss_shmem", &expected.rss_shmem},     {"rss_swap", &expected.rss_swap},
      {"page_tables", &expected.page_tables}, {"returned", &expected.returned}};
  for (const auto& [name, slot] : signed_slots) {
    if (!accept_word(name)) continue;
    set_once(*slot, signed_number(fmt::format("a number after \"{}\"", name)), word);
    return true;
  }
  if (accept_word("minor")) {
    set_once(expected.minor, unsigned_number("a number after \"minor\""), word);
  } else if (accept_word("major")) {
    set_once(expected.major, unsigned_number("a number after \"major\""), word);
  } else if (accept_word("signal")) {
    expected_signal(expected);
  } else if (accept_word("error")) {
    const Token& error = peek();
    if (!value_of(error_words(), error.text)) fail_expected("an error such as EFAULT, or none");
    set_once(expected.error, std::string{next().text}, word);
  } else {
    return false;
  }
  return true;
}

void LineParser::expected_signal(Expectation& expected) {
  const Token& name = peek();
  if (!contains(kSignals, name.text)) fail_expected("SIGSEGV, SIGBUS, SIGABRT, SIGKILL or none");
  set_once(expected.signal, std::string{next().text}, name);
  if (name.text == "none" || !contains(kSignalCodes, peek().text)) return;
  expected.signal_code = std::string{next().text};
}

}  // namespace tools::script
