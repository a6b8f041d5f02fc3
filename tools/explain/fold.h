// Paragraphs broken into lines.
#pragma once

#include <string>
#include <string_view>

namespace tools::explain {

/// A paragraph broken between words into lines of at most `width`, each behind `indent` spaces.
[[nodiscard]] std::string fold(std::string_view paragraph, std::size_t indent, std::size_t width);

/// The same with a label before the first line, and as many spaces before the others.
[[nodiscard]] std::string hang(std::string_view label, std::string_view paragraph,
                               std::size_t width);

}  // namespace tools::explain
