// Breaking paragraphs between words.
#include "tools/explain/fold.h"

#include <algorithm>

#include "tools/report/table.h"

namespace tools::explain {

std::string fold(std::string_view paragraph, std::size_t indent, std::size_t width) {
  std::string text;
  std::string line(indent, ' ');
  while (!paragraph.empty()) {
    const auto end = std::min(paragraph.find(' '), paragraph.size());
    const std::string word{paragraph.substr(0, end)};
    const bool fresh = line.size() == indent;
    if (!fresh && report::display_width(line) + 1 + report::display_width(word) > width) {
      text += line + '\n';
      line.assign(indent, ' ');
    } else if (!fresh) {
      line += ' ';
    }
    line += word;
    paragraph.remove_prefix(std::min(end + 1, paragraph.size()));
  }
  return text + line + '\n';
}

std::string hang(std::string_view label, std::string_view paragraph, std::size_t width) {
  std::string text = fold(paragraph, label.size(), width);
  text.replace(0, label.size(), label);
  return text;
}

}  // namespace tools::explain
