// LineWords: what the words of a script's line let expect of its operation.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace tools::explain {

/// No more than a guess, by simple rules that the page has too (web/deeds.js); what it gets wrong
/// is told beside it. Names are indexes; -1: none.
struct LineWords {
  std::int64_t amount = 0;    ///< the product of its numbers
  std::int64_t result = -1;   ///< the name before the =
  std::int64_t operand = -1;  ///< the last name
  std::int64_t ended = -1;    ///< the operand of free, munmap and realloc, unless it is the result
};

class LineReader {
 public:
  explicit LineReader(const std::vector<std::string>& names);
  [[nodiscard]] LineWords read(std::string_view line) const;

 private:
  void take(std::string_view word, LineWords& line, bool& ends) const;

  std::unordered_map<std::string_view, std::int64_t> names_;  ///< in memory of the program
};

}  // namespace tools::explain
