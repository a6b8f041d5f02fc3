// What a script says about itself in the comment it begins with.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tools::explain {

/// The comment lines before a script's first line that is none. `# KEY: VALUE` sets what is listed
/// here; every other line is text, and an empty comment line ends a paragraph.
struct ScriptHeader {
  std::string title;                  ///< title: one line
  std::string machine;                ///< machine: the simulated machine's name; empty: any
  std::vector<std::string> settings;  ///< set: KNOB=VALUE of the simulated machine; may be repeated
  bool keep_going = false;            ///< run: keep-going: on after a fatal signal
  std::vector<std::string> looks;     ///< look: what to look at; may be repeated
  std::vector<std::string> paragraphs;  ///< the text
};

/// `lines`: the script's, without their ends.
[[nodiscard]] ScriptHeader read_header(const std::vector<std::string>& lines);

/// How many lines of the script the header has.
[[nodiscard]] std::size_t header_lines(const std::vector<std::string>& lines);

/// Whether a line is `# KEY: VALUE`; if so its value.
bool has_key(std::string_view line, std::string_view key, std::string_view& value);

}  // namespace tools::explain
