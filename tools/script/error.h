// ScriptError: what is wrong with a script, and where.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

namespace tools::script {

/// Where a script is wrong and one sentence of what was found and what was expected. what() is
/// `first.fl:3:12: expected a size after "malloc", found "abc"`.
class ScriptError : public std::runtime_error {
 public:
  /// `line` and `column` count from 1; `source` is the line itself, without its end.
  ScriptError(const std::string& path, std::uint32_t line, std::uint32_t column,
              const std::string& sentence, std::string source);

  [[nodiscard]] std::uint32_t line() const noexcept { return line_; }
  [[nodiscard]] std::uint32_t column() const noexcept { return column_; }
  /// what(), then the source line with a caret under the column.
  [[nodiscard]] std::string rendered() const;

 private:
  std::uint32_t line_;
  std::uint32_t column_;
  std::string source_;
};

}  // namespace tools::script
