// From the text of a script to a Program.
#include "tools/script/parser.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <utility>

#include "tools/script/error.h"
#include "tools/script/line_parser.h"
#include "tools/script/scope.h"

namespace tools::script {
namespace {

std::vector<std::string> split_lines(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.emplace_back(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::string read_all(std::istream& in) {
  return {std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{}};
}

}  // namespace

Program parse(std::string_view text, std::string path, unsigned page_shift) {
  Program program;
  program.path = std::move(path);
  program.page_shift = page_shift;
  program.source = split_lines(text);
  Scope scope{program};
  for (std::size_t i = 0; i < program.source.size(); ++i) {
    LineParser{program, scope, program.source[i], static_cast<std::uint32_t>(i + 1)}.parse();
  }
  return program;
}

Program read_script(const std::string& path, unsigned page_shift) {
  if (path == "-") return parse(read_all(std::cin), "standard input", page_shift);
  std::ifstream in{path, std::ios::binary};
  std::string text = in ? read_all(in) : std::string{};
  if (!in || in.bad()) {
    throw std::runtime_error{fmt::format("cannot read {}: {}", path, std::strerror(errno))};
  }
  return parse(text, path, page_shift);
}

}  // namespace tools::script
