// Sentences without their numbers: a long run says the same few, each time of other numbers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tools::explain {

/// `text` has a mark where each number was: 1 for 123, 2 for 0x7b, 3 for 1,234.
struct CutSentence {
  std::string text;
  std::vector<std::int64_t> numbers;
};

/// A number that writing it anew would change, as 007 or one beyond kExact, stays where it is.
[[nodiscard]] CutSentence cut_numbers(std::string_view sentence);

}  // namespace tools::explain
