// Views: the requests in a script, and who answers which.
#include "tools/explain/view.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>

#include "tools/explain/header.h"
#include "tools/script/error.h"
#include "tools/script/parser.h"

namespace tools::explain {
namespace {

/// What is written after a view's word. Place, Pages and Main look at the memory of a process,
/// which must be alive: the place's, or main.
enum class Takes : std::uint8_t { Nothing, Era, Main, Place, Pages };

struct Kind {
  std::string_view word;
  Takes takes;
  std::string (*show)(const ViewRequest&, const Look&);
};

// One a line, in the order of the man page.
// clang-format off
constexpr std::array kKinds = {
    Kind{"frames", Takes::Pages, show_frames},
    Kind{"chunk", Takes::Place, show_chunk},
    Kind{"vtop", Takes::Place, show_vtop},
    Kind{"tables", Takes::Main, show_tables},
    Kind{"forks", Takes::Nothing, show_forks},
    Kind{"tlb", Takes::Pages, show_tlb},
    Kind{"log", Takes::Nothing, show_log},
    Kind{"path", Takes::Era, show_path},
    Kind{"steps", Takes::Nothing, show_steps},
    Kind{"errors", Takes::Nothing, show_errors},
};
// clang-format on

const Kind* find_kind(std::string_view word) {
  const auto* const found = std::find_if(kKinds.begin(), kKinds.end(),
                                         [word](const Kind& kind) { return kind.word == word; });
  return found == kKinds.end() ? nullptr : found;
}

/// Cuts the first word off.
std::string take_word(std::string& text) {
  const auto end = std::min(text.find(' '), text.size());
  std::string word = text.substr(0, end);
  text.erase(0, end);
  text.erase(0, text.find_first_not_of(' '));
  return word;
}

std::string joined(const std::vector<std::string>& lines, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += lines[i] + '\n';
  return text;
}

/// "child: A[1]" is a place of another process than main: "child: ".
std::string task_of(const std::string& text) {
  const auto colon = text.find(": ");
  return colon == std::string::npos ? "" : text.substr(0, colon + 2);
}

/// By the script's own parser, as it would be after `known_lines` of it.
AskedPlace parse_place(const script::Program& program, const std::string& text,
                       std::size_t known_lines) {
  const std::string task = task_of(text);
  const std::string asked = joined(program.source, known_lines) + task + "sync\nexpect pages " +
                            text.substr(task.size()) + " absent\n";
  const script::Program read = script::parse(asked, program.path, program.page_shift);
  return {*read.expectations.back().pages_of, read.ops.back().process};
}

/// Reads requests with the script's own parser, so that a place means what it means to the script.
class Reader {
 public:
  explicit Reader(const script::Program& program) : program_{program} {}
  std::vector<ViewRequest> read();

 private:
  void request(std::size_t index, std::string text, bool in_header);
  [[nodiscard]] std::int64_t take_count(std::string& text, std::size_t index) const;
  void place_of(ViewRequest& request, const std::string& text, std::size_t known_lines) const;
  [[noreturn]] void fail(std::size_t index, const std::string& sentence) const;

  const script::Program& program_;
  std::vector<ViewRequest> requests_;
};

std::vector<ViewRequest> Reader::read() {
  if (program_.ops.empty()) return {};
  const std::size_t header = header_lines(program_.source);
  for (std::size_t i = 0; i < program_.source.size(); ++i) {
    std::string_view text;
    if (has_key(program_.source[i], "view", text)) request(i, std::string{text}, i < header);
  }
  return std::move(requests_);
}

void Reader::fail(std::size_t index, const std::string& sentence) const {
  throw script::ScriptError{program_.path, static_cast<std::uint32_t>(index + 1), 1, sentence,
                            program_.source[index]};
}

void Reader::request(std::size_t index, std::string text, bool in_header) {
  ViewRequest request;
  request.line = static_cast<std::uint32_t>(index + 1);
  request.text = text;
  request.kind = take_word(text);
  const Kind* const kind = find_kind(request.kind);
  if (kind == nullptr) fail(index, fmt::format("there is no view \"{}\"", request.kind));
  const auto is_done = [&](const script::Op& op) { return in_header || op.line < request.line; };
  const auto done = std::count_if(program_.ops.begin(), program_.ops.end(), is_done);
  if (done == 0) fail(index, "this view has no operation before it");
  request.op = static_cast<std::size_t>(done) - 1;
  if (kind->takes == Takes::Pages) request.pages = take_count(text, index);
  if (kind->takes == Takes::Place || kind->takes == Takes::Pages) {
    place_of(request, text, in_header ? program_.source.size() : index);
  } else if (kind->takes == Takes::Era) {
    if (!is_era(text)) fail(index, "expected an era: 2.4, 2.6 or today");
    request.place_text = text;
  } else if (!text.empty()) {
    fail(index, fmt::format("the view \"{}\" takes nothing, found \"{}\"", request.kind, text));
  }
  requests_.push_back(std::move(request));
}

/// Cuts the last word, a number of pages, off.
std::int64_t Reader::take_count(std::string& text, std::size_t index) const {
  const auto space = std::min(text.find_last_of(' '), text.size());
  const std::string_view word = std::string_view{text}.substr(std::min(space + 1, text.size()));
  std::int64_t count = 0;
  const auto [stop, error] = std::from_chars(word.data(), word.data() + word.size(), count);
  if (error != std::errc{} || stop != word.data() + word.size() || count < 1) {
    fail(index, "expected a place and a number of pages, as in \"frames A 8\"");
  }
  text.erase(space);
  return count;
}

void Reader::place_of(ViewRequest& request, const std::string& text,
                      std::size_t known_lines) const {
  try {
    const AskedPlace asked = parse_place(program_, text, known_lines);
    request.place_text = text.substr(task_of(text).size());
    request.place = asked.place;
    request.process = asked.process;
  } catch (const script::ScriptError& error) {
    const std::string sentence = error.what();
    fail(request.line - 1, "not a place here: " + sentence.substr(sentence.find(": ") + 2));
  }
}

}  // namespace

std::vector<ViewRequest> read_views(const script::Program& program) {
  return Reader{program}.read();
}

AskedPlace read_place(const script::Program& program, const std::string& text) {
  const std::string place = text.starts_with("0x") ? "@" + text : text;
  try {
    return parse_place(program, place, program.source.size());
  } catch (const script::ScriptError& error) {
    const std::string sentence = error.what();
    throw std::runtime_error{
        fmt::format("{}: \"{}\" is no place of it ({}); as in p+8, heap+0x2a0 "
                    "or 0x7ffff0000000.",
                    program.path, text, sentence.substr(sentence.find(": ") + 2))};
  }
}

std::string show(const ViewRequest& request, const Look& look) {
  const Kind& kind = *find_kind(request.kind);
  if (kind.takes >= Takes::Main && look.run.task(request.process) == nullptr) {
    return fmt::format("{}: {} has ended\n", request.text,
                       look.program.processes[request.process].name);
  }
  return kind.show(request, look);
}

}  // namespace tools::explain
