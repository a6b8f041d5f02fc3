// Putting a fork into a program.
#include "tools/verbs/fork_point.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "tools/verbs/refusal.h"

namespace tools::verbs {
namespace {

using script::Op;
using script::Program;
using script::Verb;

/// The names that stand for living blocks, by process.
class LiveBlocks {
 public:
  explicit LiveBlocks(const Program& program) : program_{program} {}

  void after(const Op& op) {
    std::set<std::uint32_t>& names = live_[owner(op.process)];
    if (op.verb == Verb::Free || op.verb == Verb::Realloc) names.erase(op.to.name);
    if (op.verb <= Verb::Pvalloc && op.result != script::kNone) names.insert(op.result);
    if (op.verb == Verb::Fork) live_[op.peer] = std::set<std::uint32_t>{names};
  }
  [[nodiscard]] const std::set<std::uint32_t>& of(std::uint32_t task) { return live_[owner(task)]; }
  /// A thread's blocks are its process's.
  [[nodiscard]] std::uint32_t owner(std::uint32_t task) const {
    while (program_.processes[task].is_thread) task = program_.processes[task].parent;
    return task;
  }

 private:
  const Program& program_;
  std::map<std::uint32_t, std::set<std::uint32_t>> live_;
};

[[noreturn]] void refuse(std::string_view knob, std::uint64_t value, std::string_view what,
                         std::uint64_t least, std::uint64_t most) {
  throw Refusal{kWrongInput,
                fmt::format("{}={}: expected {} from {} to {}.", knob, value, what, least, most)};
}

/// How many operations come before the fork.
std::size_t position(const Program& program, const ForkPoint& fork) {
  if (fork.after_op) {
    if (*fork.after_op == 0 || *fork.after_op > program.ops.size())
      refuse("fork_after_op", *fork.after_op, "an operation", 1, program.ops.size());
    return *fork.after_op;
  }
  const std::uint64_t first = program.ops.empty() ? 1 : program.ops.front().line;
  const std::uint64_t last = program.ops.empty() ? 0 : program.ops.back().line;
  if (*fork.after_line < first || *fork.after_line > last)
    refuse("fork_after_line", *fork.after_line, "a line", first, last);
  const auto after = std::find_if(program.ops.begin(), program.ops.end(),
                                  [&](const Op& op) { return op.line > *fork.after_line; });
  return static_cast<std::size_t>(after - program.ops.begin());
}

/// The fork, then what the child does. `before` is the operation it follows.
std::vector<Op> fork_ops(LiveBlocks& live, const Op& before, std::uint16_t child,
                         const std::string& does) {
  std::vector<Op> ops(1);
  ops[0].verb = Verb::Fork;
  ops[0].process = static_cast<std::uint16_t>(live.owner(before.process));
  ops[0].peer = child;
  ops[0].line = before.line;
  if (does == "none") return ops;
  for (const std::uint32_t name : live.of(before.process)) {
    Op& op = ops.emplace_back();
    op.verb = does == "read" ? Verb::Read : Verb::Write;
    op.process = child;
    op.line = before.line;
    op.to = {.base = script::Base::Name, .name = name};
    op.pages = Op::kWholeRange;
  }
  return ops;
}

}  // namespace

void add_fork(Program& program, const ForkPoint& fork) {
  const std::size_t at = position(program, fork);
  LiveBlocks live{program};
  for (std::size_t i = 0; i < at; ++i) live.after(program.ops[i]);
  const auto child = static_cast<std::uint16_t>(program.processes.size());
  const Op& before = program.ops[at - 1];
  const std::vector<Op> ops = fork_ops(live, before, child, fork.child);
  program.processes.push_back(
      {.name = "what-if-child", .parent = ops[0].process, .is_thread = false});
  for (script::Expectation& expectation : program.expectations) {
    if (expectation.op >= at) expectation.op += ops.size();
  }
  program.ops.insert(program.ops.begin() + static_cast<std::ptrdiff_t>(at), ops.begin(), ops.end());
}

void check_fork(const Program& program, const ForkPoint& fork) {
  if (fork.is_set()) static_cast<void>(position(program, fork));
}

}  // namespace tools::verbs
