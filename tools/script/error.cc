// ScriptError: what is wrong with a script, and where.
#include "tools/script/error.h"

#include <fmt/format.h>

#include <utility>

namespace tools::script {

ScriptError::ScriptError(const std::string& path, std::uint32_t line, std::uint32_t column,
                         const std::string& sentence, std::string source)
    : std::runtime_error{fmt::format("{}:{}:{}: {}", path, line, column, sentence)},
      line_{line},
      column_{column},
      source_{std::move(source)} {}

std::string ScriptError::rendered() const {
  std::string caret;
  for (std::size_t i = 0; i + 1 < column_ && i < source_.size(); ++i) {
    caret += source_[i] == '\t' ? '\t' : ' ';
  }
  return fmt::format("{}\n  {}\n  {}^", what(), source_, caret);
}

}  // namespace tools::script
