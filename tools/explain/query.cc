// Answers found by running the program once more: two runs of one program are equal.
#include "tools/explain/query.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "tools/explain/fold.h"
#include "tools/explain/view.h"
#include "tools/report/run_text.h"
#include "tools/report/table.h"
#include "tools/script/error.h"
#include "tools/script/parser.h"

namespace tools::explain {
namespace {

using pagesim::FaultRecord;
using pagesim::VirtAddr;

void run_steps(const Question& question, const std::function<void(const Step&)>& look) {
  Stepper stepper{question.program, look};
  run::SimRunner runner{question.setup};
  runner.set_witness(&stepper);
  (void)runner.run(question.program, question.options);
}

/// The last entry of the page walk: "PTE 0x..., page: P R/W US A D".
std::string entry_text(const Step& step, VirtAddr at) {
  if (step.task() == nullptr) return "the process has ended";
  const pagesim::WalkStep last = step.task()->walk(at).back();
  std::string text = fmt::format("{} {:#x}, {}", last.name, last.entry, to_string(last.kind));
  for (std::size_t i = 0; i < last.bits.size(); ++i) {
    text += (i == 0 ? ": " : " ") + last.bits[i];
  }
  return text;
}

std::string access_text(const Step& step, std::size_t index) {
  const run::sim::LoggedAccess& access = step.accesses()[index];
  return fmt::format("{} of {} by {} at {}", to_string(access.access),
                     report::grouped(access.bytes), to_string(allocator::writer_of(access.tag)),
                     step.address_text(access.at));
}

/// Tells what each operation did to a byte, with the entry of its page before and after.
class ByteStory {
 public:
  ByteStory(VirtAddr at, const Style& style) : at_{at}, style_{style} {}

  void look(const Step& step, std::size_t first_fault, std::size_t end_fault) {
    const std::string entry = entry_text(step, at_);
    std::string told;
    for (std::size_t i = 0; i < step.accesses().size(); ++i) tell_access(step, i, told);
    for (const FaultRecord& fault : step.faults().subspan(first_fault, end_fault - first_fault)) {
      if (fault.address == at_) told += hang("  fault   ", fault_line(step, fault), style_.width);
    }
    if (!told.empty()) {
      text_ += title_text(step, style_) + told;
      const std::string before = before_.empty() ? "the run has not begun" : before_;
      text_ += hang("  before  ", before, style_.width) + hang("  after   ", entry, style_.width);
    }
    before_ = entry;
  }
  /// A step that nothing is told of.
  void pass(const Step& step) { before_ = entry_text(step, at_); }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  void tell_access(const Step& step, std::size_t index, std::string& told) const {
    const run::sim::LoggedAccess& access = step.accesses()[index];
    if (at_ < access.at || at_ >= access.at + access.bytes) return;
    const bool faulted = access.first_fault != access.end_fault;
    if (access.access == pagesim::Access::Read && !faulted) return;
    std::string line = access_text(step, index);
    const std::string clause = step.clause_of(index);
    if (!clause.empty()) line += ": " + clause;
    line = hang("  memory  ", line, style_.width);
    if (!told.ends_with(line)) told += line;
  }
  [[nodiscard]] static std::string fault_line(const Step& step, const FaultRecord& fault) {
    return step.fault_text(fault) + "; " + report::path_text(fault, pagesim::Era::Today);
  }

  VirtAddr at_;
  Style style_;
  std::string before_;
  std::string text_;
};

/// The first `lines` lines of the program, and one more.
script::Program with_line(const script::Program& program, const std::string& line,
                          std::size_t lines) {
  std::string text;
  for (std::size_t i = 0; i < lines; ++i) text += program.source[i] + '\n';
  return script::parse(text + line + '\n', program.path, program.page_shift);
}

/// The same for an operation, even one on a name that was freed before: scripts may not have that,
/// so it is read as if it stood further up, where the name was still alive.
script::Program with_operation(const script::Program& program, const std::string& operation,
                               std::size_t lines) {
  try {
    return with_line(program, operation, lines);
  } catch (const script::ScriptError&) {
    script::Program tried = with_line(program, "", lines);
    for (std::size_t further_up = lines; further_up-- > 0;) {
      try {
        tried.ops.push_back(with_line(program, operation, further_up).ops.back());
        tried.ops.back().line = static_cast<std::uint32_t>(lines + 1);
        tried.source.back() = operation;
        return tried;
      } catch (const script::ScriptError&) {
      }
    }
    throw;
  }
}

}  // namespace

Tried tried_operation(const Question& question, const std::string& operation, std::uint32_t after) {
  const script::Program program = with_operation(question.program, operation, after);
  Tried tried;
  run_steps({program, question.setup, question.options, question.style}, [&](const Step& step) {
    if (step.index() + 1 != program.ops.size()) return;
    tried.ran = step.outcome().ran;
    tried.why = step.why();
    if (const std::string aborts = abort_text(step); !aborts.empty()) tried.why.push_back(aborts);
    for (const ReceiptLine& line : step.receipt(true)) {
      if (line.access != pagesim::Access::Read) continue;
      tried.reads.push_back({step.address_text(line.at), line.bytes, line.writer});
    }
    for (const auto& [op, signal] : step.run().so_far().signals) {
      if (op == step.index()) tried.ends = report::signal_text(signal);
    }
  });
  return tried;
}

std::string try_operation(const Question& question, const std::string& operation,
                          std::optional<std::uint32_t> at) {
  const script::Program& program = question.program;
  if (program.source.empty()) {
    throw std::runtime_error{program.path +
                             " is a trace, and --try adds a line to a script; --at shows what an "
                             "operation of a trace did."};
  }
  const auto lines = static_cast<std::uint32_t>(program.source.size());
  const std::uint32_t after = std::min(at.value_or(lines), lines);
  const script::Program tried = with_operation(program, operation, after);
  std::string text;
  const Question asked{tried, question.setup, question.options, question.style};
  run_steps(asked, [&](const Step& step) {
    if (step.index() + 1 != tried.ops.size()) return;
    if (!step.outcome().ran) {
      text = fmt::format("{}: the process has ended before.\n", operation);
      return;
    }
    text =
        fmt::format("What \"{}\" would do after line {} (it is not done):\n\n", operation, after) +
        title_text(step, question.style) + why_text(step, question.style) +
        receipt_text(step, question.style, true) + strips_text(step, question.style);
  });
  return text + strip_legend();
}

std::string about_address(const Question& question, const std::string& place) {
  const AskedPlace asked = read_place(question.program, place);
  std::optional<VirtAddr> at;
  run_steps(question, [&](const Step& step) {
    if (step.outcome().ran) at = step.run().address(asked.process, asked.place);
  });
  if (!at) throw std::runtime_error{question.program.path + " has no operation."};
  ByteStory story{*at, question.style};
  std::string where;
  run_steps(question, [&](const Step& step) {
    story.look(step, 0, step.faults().size());
    where = step.address_text(*at);
  });
  const std::string told =
      story.text().empty() ? "No operation writes there, and none faults.\n" : story.text();
  return fmt::format("{} is {} ({:#x}):\n\n{}", place, where, at->raw(), told);
}

std::string about_fault(const Question& question, std::uint64_t number) {
  std::uint64_t seen = 0;
  std::size_t op = 0;
  FaultRecord wanted;
  std::size_t index = 0;
  run_steps(question, [&](const Step& step) {
    for (std::size_t i = 0; i < step.faults().size(); ++i) {
      if (++seen != number) continue;
      op = step.index();
      index = i;
      wanted = step.faults()[i];
    }
  });
  if (seen == 0) {
    throw std::runtime_error{fmt::format("{} has no fault when simulated.", question.program.path)};
  }
  if (number == 0 || number > seen) {
    throw std::runtime_error{fmt::format("{} has {} when simulated: name one of 1 to {}.",
                                         question.program.path, report::counted(seen, "fault"),
                                         seen)};
  }
  ByteStory story{wanted.address, question.style};
  run_steps(question, [&](const Step& step) {
    if (step.index() < op) story.pass(step);
    if (step.index() == op) story.look(step, index, index + 1);
  });
  return fmt::format("Fault {} of {}:\n\n{}", number, seen, story.text());
}

}  // namespace tools::explain
