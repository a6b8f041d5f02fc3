// Reads one line of a script: its tokens, its process, its verb.
#include "tools/script/line_parser.h"

#include <fmt/format.h>

#include <algorithm>

#include "tools/script/error.h"

namespace tools::script {
namespace {

std::string quoted(const Token& token) {
  using Kind = Token::Kind;
  if (token.kind == Kind::End) return "the end of the line";
  const auto byte = static_cast<unsigned char>(token.text[0]);
  if (token.kind == Kind::Bad && (byte < 0x20 || byte >= 0x7f)) {
    return fmt::format("the byte 0x{:02x}", byte);
  }
  return fmt::format("\"{}\"", token.text);
}

}  // namespace

LineParser::LineParser(Program& program, Scope& scope, std::string_view source, std::uint32_t line)
    : program_{&program}, scope_{&scope}, source_{source}, tokens_{tokenize(source)} {
  op_.line = line;
}

void LineParser::parse() {
  if (peek().kind == Token::Kind::End) return;
  const bool is_line_of_a_task = peek(1).text == ":" || peek(1).text == "=";
  if (at_word("expect") && !is_line_of_a_task) {
    next();
    expectation();
  } else {
    operation();
  }
}

const Token& LineParser::peek(std::size_t ahead) const {
  return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
}

const Token& LineParser::next() {
  const Token& token = peek();
  if (at_ + 1 < tokens_.size()) ++at_;
  return token;
}

bool LineParser::at_sign(std::string_view sign) const {
  return peek().kind == Token::Kind::Sign && peek().text == sign;
}

bool LineParser::at_word(std::string_view word) const {
  return peek().kind == Token::Kind::Word && peek().text == word;
}

bool LineParser::accept_sign(std::string_view sign) {
  if (!at_sign(sign)) return false;
  next();
  return true;
}

bool LineParser::accept_word(std::string_view word) {
  if (!at_word(word)) return false;
  next();
  return true;
}

const Token& LineParser::expect_word(std::string_view what) {
  if (peek().kind != Token::Kind::Word) fail_expected(what);
  return next();
}

void LineParser::expect_sign(std::string_view sign, std::string_view after) {
  if (!accept_sign(sign)) fail_expected(fmt::format("\"{}\" after {}", sign, after));
}

void LineParser::fail(const Token& token, const std::string& sentence) const {
  throw ScriptError{program_->path, op_.line, token.column, sentence, std::string{source_}};
}

void LineParser::fail_expected(std::string_view what) const {
  fail(peek(), fmt::format("expected {}, found {}", what, quoted(peek())));
}

void LineParser::operation() {
  task_prefix();
  const std::string_view result = result_prefix();
  verb();
  const Grammar& grammar = grammar_of(op_.verb);
  if (!result.empty() && !grammar.binds) {
    fail(tokens_[0], fmt::format("\"{}\" returns no address, so it cannot be assigned to \"{}\"",
                                 grammar.word, result));
  }
  for (const Argument kind : grammar.arguments) argument(kind);
  if (peek().kind != Token::Kind::End) {
    fail_expected(fmt::format("nothing more after \"{}\" and its arguments", grammar.word));
  }
  finish_operation(result);
}

void LineParser::task_prefix() {
  if (peek(1).text != ":") return;
  const Token& name = expect_word("a process before \":\"");
  next();
  const auto task = scope_->find_task(name.text);
  if (!task) {
    fail(name, fmt::format("no process or thread \"{}\": make it with \"fork {}\" first", name.text,
                           name.text));
  }
  if (const auto why = scope_->why_dead(*task)) fail(name, *why);
  op_.process = *task;
  places_of_ = *task;
}

std::string_view LineParser::result_prefix() {
  if (peek(1).text != "=") return {};
  const Token& name = expect_word("a name before \"=\"");
  if (is_base(name.text)) {
    fail(name,
         fmt::format("\"{}\" stands for a part of the process and cannot be assigned", name.text));
  }
  next();
  return name.text;
}

void LineParser::verb() {
  const Token& word = expect_word("a verb");
  if (const auto known = verb_of(word.text)) {
    op_.verb = *known;
    return;
  }
  std::vector<std::string_view> words{"expect"};
  for (std::size_t i = 0; i < kVerbs; ++i) words.push_back(to_string(static_cast<Verb>(i)));
  fail(word, fmt::format("unknown verb \"{}\"{}", word.text, did_you_mean(word.text, words)));
}

void LineParser::finish_operation(std::string_view result) {
  end_names(result);
  if (!result.empty()) {
    scope_->bind(op_.process, result, op_.line);
    op_.result = scope_->name_index(result);
  }
  program_->ops.push_back(op_);
}

void LineParser::end_names(std::string_view result) {
  constexpr std::uint64_t kNeverGranted = std::uint64_t{1} << 47;
  if (ended_name_.empty() || ended_name_ == result) return;
  if (op_.verb == Verb::Realloc && op_.n >= kNeverGranted) return;
  scope_->end(op_.process, op_.to.name, op_.verb == Verb::Free ? "freed" : "ended by realloc",
              op_.line);
}

}  // namespace tools::script
