// Reading /proc/PID/maps.
#include "tools/measure/maps.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <optional>

namespace tools::measure {
namespace {

/// Takes the next word off the front of a line, and the spaces behind it.
std::string_view take_word(std::string_view& line) {
  const std::string_view word = line.substr(0, line.find(' '));
  line.remove_prefix(std::min(line.find_first_not_of(' ', word.size()), line.size()));
  return word;
}

std::optional<std::uint64_t> hex(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole ? std::optional{value} : std::nullopt;
}

std::optional<MappedArea> parse_line(std::string_view line) {
  const std::string_view range = take_word(line), rights = take_word(line);
  const auto offset = hex(take_word(line));
  take_word(line);  // device
  const std::string_view inode = take_word(line);
  const std::size_t dash = std::min(range.find('-'), range.size());
  const auto begin = hex(range.substr(0, dash));
  const auto end = hex(range.substr(std::min(dash + 1, range.size())));
  if (!begin || !end || !offset || rights.size() != 4 || inode.empty()) return std::nullopt;
  return MappedArea{.begin = pagesim::VirtAddr{*begin},
                    .end = pagesim::VirtAddr{*end},
                    .readable = rights[0] == 'r',
                    .writable = rights[1] == 'w',
                    .shared = rights[3] == 's',
                    .offset = *offset,
                    .name = std::string{line}};
}

}  // namespace

std::vector<MappedArea> parse_maps(std::string_view text) {
  std::vector<MappedArea> areas;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (auto area = parse_line(line)) areas.push_back(std::move(*area));
  }
  return areas;
}

std::vector<MappedArea> read_maps(pid_t task) {
  std::ifstream file{"/proc/" + std::to_string(task) + "/maps"};
  return parse_maps(std::string{std::istreambuf_iterator<char>{file}, {}});
}

}  // namespace tools::measure
