// Reads one line of a script: recursive descent over its tokens.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tools/script/grammar.h"
#include "tools/script/lexer.h"
#include "tools/script/op.h"
#include "tools/script/scope.h"
#include "tools/script/words.h"

namespace tools::script {

/// One line. parse() adds an operation or an expectation to the program, or nothing if the line is
/// empty; throws ScriptError.
class LineParser {
 public:
  LineParser(Program& program, Scope& scope, std::string_view source, std::uint32_t line);
  void parse();

 private:
  // tokens (line_parser.cc)
  [[nodiscard]] const Token& peek(std::size_t ahead = 0) const;
  const Token& next();
  [[nodiscard]] bool at_sign(std::string_view sign) const;
  [[nodiscard]] bool at_word(std::string_view word) const;
  bool accept_sign(std::string_view sign);
  bool accept_word(std::string_view word);
  const Token& expect_word(std::string_view what);
  void expect_sign(std::string_view sign, std::string_view after);
  [[noreturn]] void fail(const Token& token, const std::string& sentence) const;
  [[noreturn]] void fail_expected(std::string_view what) const;

  // lines (line_parser.cc)
  void operation();
  void task_prefix();
  [[nodiscard]] std::string_view result_prefix();
  void verb();
  void finish_operation(std::string_view result);
  void end_names(std::string_view result);

  // numbers (numbers.cc)
  [[nodiscard]] std::uint64_t magnitude(std::string_view what, std::uint64_t limit);
  [[nodiscard]] std::uint64_t unsigned_number(std::string_view what);
  [[nodiscard]] std::int64_t signed_number(std::string_view what);
  [[nodiscard]] std::int64_t page_number(std::string_view what);
  [[nodiscard]] std::uint64_t suffix_factor(const Token& token, std::string_view suffix) const;
  [[nodiscard]] std::int64_t page_bytes(std::int64_t page, const Token& token) const;
  [[nodiscard]] std::int64_t page_size() const { return std::int64_t{1} << program_->page_shift; }

  // places and ranges (places.cc)
  /// Pages in brackets: [3], [2..5], [0..60 by 4], [..].
  struct Brackets {
    bool present = false, is_range = false, whole = false;
    std::int64_t first = 0, last = 0;
    std::uint32_t step = 1;
  };
  [[nodiscard]] Place base();
  [[nodiscard]] Place named_base();
  [[nodiscard]] Brackets brackets();
  [[nodiscard]] std::uint32_t stride();
  [[nodiscard]] std::int64_t tail_offset();
  [[nodiscard]] Place place();
  void apply(const Brackets& pages, const Token& at);
  void range(bool consecutive);
  void target();

  // arguments (arguments.cc, options.cc)
  void argument(Argument kind);
  void number_argument(Argument kind);
  void place_argument(Argument kind);
  void word_argument(Argument kind);
  void file_argument(Argument kind);
  void task_argument(Argument kind);
  void ended_name();
  void parameter();
  void protection();
  void backing();
  void sharing();
  void advice();
  void mmap_options();
  bool mmap_option();
  void mremap_options();
  void check_mmap(const Token& at);
  void set_flag(std::uint32_t bit);
  void at_place();
  void file_options();
  void new_file();
  [[nodiscard]] std::uint32_t existing_file();
  void file_range(bool needs_pages);
  void setting();
  void read_source();
  void write_sink();
  void new_task(bool is_thread);
  void ended_task(bool is_thread);
  void peer_place();

  // expectations (expectations.cc)
  void expectation();
  void expected_fault(Expectation& expected);
  void expected_pages(Expectation& expected);
  void expected_counts(Expectation& expected);
  bool expected_count(Expectation& expected);
  void expected_signal(Expectation& expected);
  template <class T>
  void set_once(std::optional<T>& slot, T value, const Token& at);

  Program* program_;
  Scope* scope_;
  std::string_view source_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  Op op_;
  std::uint16_t places_of_ = 0;  ///< whose names the places are in: op_.process, or the peer's
  bool any_life_ = false;        ///< an expectation may name what the line before it ended
  std::string_view ended_name_;  ///< by free or realloc
};

}  // namespace tools::script
