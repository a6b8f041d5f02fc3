// The words, numbers and signs of one line of a script.
#include "tools/script/lexer.h"

namespace tools::script {
namespace {

// Of the C locale, whatever the program's is.
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

std::size_t name_length(std::string_view rest) {
  std::size_t length = 1;
  while (length < rest.size() && (is_letter(rest[length]) || is_digit(rest[length]))) ++length;
  return length;
}

Token first_token(std::string_view rest) {
  using Kind = Token::Kind;
  const char c = rest[0];
  Token token;
  std::size_t length = 1;
  if (is_letter(c) || is_digit(c)) {
    token.kind = is_digit(c) ? Kind::Number : Kind::Word;
    length = name_length(rest);
  } else if (rest.substr(0, 2) == "..") {
    token.kind = Kind::Sign;
    length = 2;
  } else {
    token.kind = std::string_view{":=[]+-@"}.find(c) != std::string_view::npos ? Kind::Sign  //
                                                                               : Kind::Bad;
  }
  token.text = rest.substr(0, length);
  return token;
}

}  // namespace

std::vector<Token> tokenize(std::string_view line) {
  std::vector<Token> tokens;
  std::size_t at = 0;
  bool glued = false;
  while (at < line.size() && line[at] != '#') {
    if (is_blank(line[at])) {
      glued = false;
      ++at;
      continue;
    }
    Token token = first_token(line.substr(at));
    token.glued = glued;
    token.column = static_cast<std::uint32_t>(at + 1);
    at += token.text.size();
    glued = true;
    tokens.push_back(token);
  }
  Token end;
  end.column = static_cast<std::uint32_t>(at + 1);
  tokens.push_back(end);
  return tokens;
}

}  // namespace tools::script
