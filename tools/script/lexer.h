// The words, numbers and signs of one line of a script.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace tools::script {

/// A piece of a line.
struct Token {
  enum class Kind : std::uint8_t {
    Word,    ///< [A-Za-z_][A-Za-z0-9_]*
    Number,  ///< a digit and the letters and digits that follow it, not yet proven a number
    Sign,    ///< : = [ ] .. + - @
    Bad,     ///< a byte no token begins with
    End      ///< the end of the line; text is empty
  };
  Kind kind = Kind::End;
  bool glued = false;  ///< no blank before it: `A[3]`, not `A [3]`
  std::uint32_t column = 1;
  std::string_view text;  ///< into the line
};

/// The tokens of `line` up to a `#` or its end, then one End. Never fails: what cannot be read is
/// a Bad token, so that the parser can say what it expected instead.
[[nodiscard]] std::vector<Token> tokenize(std::string_view line);

}  // namespace tools::script
