// What a script says about itself in the comment it begins with.
#include "tools/explain/header.h"

#include <algorithm>

namespace tools::explain {
namespace {

std::string_view comment_text(std::string_view line) {
  line.remove_prefix(1);
  const auto start = line.find_first_not_of(' ');
  return start == std::string_view::npos ? std::string_view{} : line.substr(start);
}

/// True if the line was one that sets something.
bool take_key(ScriptHeader& header, std::string_view line) {
  std::string_view value;
  if (has_key(line, "title", value)) {
    header.title = value;
  } else if (has_key(line, "machine", value)) {
    header.machine = value;
  } else if (has_key(line, "set", value)) {
    header.settings.emplace_back(value);
  } else if (has_key(line, "look", value)) {
    header.looks.emplace_back(value);
  } else if (has_key(line, "run", value) && value == "keep-going") {
    header.keep_going = true;
  } else {
    return has_key(line, "view", value);
  }
  return true;
}

}  // namespace

bool has_key(std::string_view line, std::string_view key, std::string_view& value) {
  if (!line.starts_with('#')) return false;
  std::string_view text = comment_text(line);
  if (!text.starts_with(key) || !text.substr(key.size()).starts_with(": ")) return false;
  value = text.substr(key.size() + 2);
  return true;
}

std::size_t header_lines(const std::vector<std::string>& lines) {
  const auto end = std::find_if(lines.begin(), lines.end(),
                                [](const std::string& line) { return !line.starts_with('#'); });
  return static_cast<std::size_t>(end - lines.begin());
}

ScriptHeader read_header(const std::vector<std::string>& lines) {
  ScriptHeader header;
  bool fresh = true;  // the next line of text begins a paragraph
  for (std::size_t i = 0; i < header_lines(lines); ++i) {
    if (take_key(header, lines[i])) continue;
    const std::string_view text = comment_text(lines[i]);
    if (text.empty()) {
      fresh = true;
    } else if (fresh) {
      header.paragraphs.emplace_back(text);
      fresh = false;
    } else {
      header.paragraphs.back().append(" ").append(text);
    }
  }
  return header;
}

}  // namespace tools::explain
