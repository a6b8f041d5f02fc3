// A run in a terminal.
#include "tools/report/run_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "tools/report/table.h"
#include "tools/report/tlb_use.h"
#include "tools/run/compare_runs.h"
#include "tools/script/print.h"

namespace tools::report {
namespace {

constexpr std::size_t kFaultsShown = 3;

/// "first_write 12, zero_read 3", most first.
template <class Words, class Counts>
std::string counts_text(const Counts& counts) {
  std::vector<std::pair<std::uint64_t, std::string>> rows;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] != 0) rows.emplace_back(counts[i], to_string(static_cast<Words>(i)));
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::string text;
  for (const auto& [count, word] : rows) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", word, grouped(count));
  }
  return text.empty() ? "none" : text;
}

}  // namespace

std::string op_text(const script::Program& program, std::size_t op) {
  const std::uint32_t line = program.ops[op].line;
  if (line == 0 || line > program.source.size()) {
    return std::string{to_string(program.ops[op].verb)};
  }
  return script::to_text(program, program.ops[op]);
}

std::string fault_text(const pagesim::FaultRecord& fault, const std::string& place,
                       const Knowledge& known) {
  std::string text = place;
  if (fault.access) text += fmt::format(" {}", to_string(*fault.access));
  if (known.causes && fault.cause != pagesim::Cause::Unknown) {
    text += fmt::format(" {}", to_string(fault.cause));
  }
  const allocator::Writer writer = allocator::writer_of(fault.tag);
  if (known.writers && writer != allocator::Writer::User) {
    text += fmt::format(" by {}", to_string(writer));
  }
  if (fault.esr != 0) text += fmt::format(" ESR {:#x}", fault.esr);
  if (known.era) text += fmt::format(" [{}]", path_text(fault, *known.era));
  return text;
}

std::string path_text(const pagesim::FaultRecord& fault, pagesim::Era era,
                      std::string_view between) {
  return fmt::format("{}", fmt::join(pagesim::fault_path(fault, era), between));
}

std::string signal_text(const pagesim::SignalInfo& signal) {
  return run::signal_word(signal.number) + " " + run::signal_code_word(signal.number, signal.code);
}

std::string faults_text(const run::RunOutcome& outcome, std::size_t op, std::uint32_t task,
                        const run::Places& places, const Knowledge& known) {
  const run::OpOutcome& cost = outcome.ops[op];
  std::string text;
  for (std::size_t i = 0; i < std::min<std::size_t>(cost.fault_count, kFaultsShown); ++i) {
    const pagesim::FaultRecord& fault = outcome.faults[cost.first_fault + i];
    text += fmt::format("{}{}", i == 0 ? "" : "; ",
                        fault_text(fault, places.text(task, fault.address), known));
  }
  if (cost.fault_count > kFaultsShown) {
    text += fmt::format("; {} more", grouped(cost.fault_count - kFaultsShown));
  }
  if (const pagesim::SignalInfo* signal = run::signal_of(outcome, op)) {
    text += fmt::format("{}ends in {}", text.empty() ? "" : "; ", signal_text(*signal));
  }
  return text;
}

std::string ops_text(const script::Program& program, const run::RunOutcome& outcome,
                     const Knowledge& known) {
  Table table{
      {{"line"}, {"operation", Align::Left}, {"minor"}, {"major"}, {"faults", Align::Left}}};
  run::Places places{program, outcome};
  for (std::size_t i = 0; i < program.ops.size(); ++i) {
    places.advance(i);
    const run::OpOutcome& op = outcome.ops[i];
    if (!op.ran) continue;
    table.add({std::to_string(program.ops[i].line), op_text(program, i), grouped(op.minor),
               grouped(op.major), faults_text(outcome, i, program.ops[i].process, places, known)});
  }
  return table.to_text();
}

std::string causes_text(const Tally& tally, const Knowledge& known) {
  return known.causes ? counts_text<pagesim::Cause>(tally.by_cause) : "not known";
}

std::string writers_text(const Tally& tally, const Knowledge& known) {
  return known.writers ? counts_text<allocator::Writer>(tally.by_writer) : "not known";
}

std::string summary_text(const script::Program& program, const run::RunOutcome& outcome,
                         const Knowledge& known) {
  const Tally sum = tally(program, outcome);
  std::string text = fmt::format(
      "faults     minor {}, major {} (in malloc {}, in the program {})\n", grouped(sum.minor),
      grouped(sum.major), grouped(sum.in_malloc), grouped(sum.in_program));
  text += fmt::format("by cause   {}\n", causes_text(sum, known));
  text += fmt::format("by writer  {}\n", writers_text(sum, known));
  if (outcome.tlb) text += to_text(*outcome.tlb);
  if (outcome.peak_rss) text += fmt::format("peak RSS   {}\n", bytes(*outcome.peak_rss));
  if (outcome.seconds) text += fmt::format("time       {}\n", seconds(*outcome.seconds));
  for (const auto& [op, signal] : outcome.signals) {
    text += fmt::format("signal     {} at {:#x}, line {}: {}\n", signal_text(signal),
                        signal.address.raw(), program.ops[op].line, op_text(program, op));
  }
  if (outcome.abort_message) text += fmt::format("aborted    {}\n", *outcome.abort_message);
  for (const std::string& sentence : outcome.missing) {
    text += fmt::format("missing    {}\n", sentence);
  }
  return text;
}

}  // namespace tools::report
