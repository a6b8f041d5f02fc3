// Asking, after each operation, what others would do.
#include "tools/explain/page/tries.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tools/script/error.h"

namespace tools::explain {
namespace {

using nlohmann::json;
using script::Verb;

/// Frees of all names that a block was ever bound to, and mallocs for a bin, a chunk of top and a
/// mapping.
std::vector<std::string> operations_after(const script::Program& program, std::size_t index) {
  std::vector<std::string> asked;
  for (std::size_t i = 0; i <= index; ++i) {
    const script::Op& op = program.ops[i];
    if (op.verb >= Verb::Free || op.result == script::kNone) continue;
    const std::string text = "free " + program.names[op.result];
    if (std::find(asked.begin(), asked.end(), text) == asked.end()) asked.push_back(text);
  }
  if (!asked.empty()) asked.insert(asked.end(), {"malloc 24", "malloc 1000", "malloc 200K"});
  return asked;
}

/// The script's language wants a name for what malloc returns.
std::string as_line(const script::Program& program, std::size_t index, const std::string& asked) {
  const std::uint32_t process = program.ops[index].process;
  const std::string who = process == 0 ? "" : program.processes[process].name + ": ";
  return who + (asked.starts_with("malloc") ? "tried_here = " : "") + asked;
}

json answer(std::size_t index, const std::string& asked, const Tried& tried) {
  json reads = json::array();
  for (const auto& [place, bytes, writer] : tried.reads) {
    const json row{place, bytes, to_string(writer)};
    if (std::find(reads.begin(), reads.end(), row) == reads.end()) reads.push_back(row);
  }
  return {index + 1, asked, tried.ends, tried.why, reads};
}

}  // namespace

std::string tries_json(const Question& question) {
  const script::Program& program = question.program;
  json answers = json::array();
  if (program.ops.size() > kMostTried) return answers.dump();
  for (std::size_t i = 0; i < program.ops.size(); ++i) {
    for (const std::string& asked : operations_after(program, i)) {
      try {
        const std::string line = as_line(program, i, asked);
        const Tried tried = tried_operation(question, line, program.ops[i].line);
        if (tried.ran) answers.push_back(answer(i, asked, tried));
      } catch (const script::ScriptError&) {  // the process does not know the name, say
      }
    }
  }
  return answers.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace tools::explain
