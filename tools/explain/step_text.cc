// Drawing a step for a terminal.
#include "tools/explain/step_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "tools/explain/fold.h"
#include "tools/report/run_text.h"
#include "tools/report/table.h"

namespace tools::explain {
namespace {

std::string faults_of(const ReceiptLine& line, const Style& style) {
  if (line.faults.empty()) return {};
  const std::string cause{to_string(line.faults.front()->cause)};
  const std::string times =
      line.faults.size() == 1 ? "" : " x " + report::grouped(line.faults.size());
  return style.paint(Paint::Red, "faults: " + cause + times);
}

std::string size_text(const ReceiptLine& line) {
  return line.times == 1 ? report::grouped(line.bytes)
                         : fmt::format("{} x {}", report::grouped(line.times), line.bytes);
}

}  // namespace

bool StepWishes::wants(const Step& step) const {
  if (!step.outcome().ran) return false;
  if (all || (last && step.index() + 1 == step.program().ops.size())) return true;
  return std::find(lines.begin(), lines.end(), step.op().line) != lines.end();
}

std::string title_text(const Step& step, const Style& style) {
  const run::OpOutcome& done = step.outcome();
  std::string text = style.paint(
      Paint::Bold,
      fmt::format("line {}  {}", step.op().line, report::op_text(step.program(), step.index())));
  if (done.address != 0) text += "  = " + step.address_text(pagesim::VirtAddr{done.address});
  if (done.minor != 0) text += fmt::format("  minor {}", report::grouped(done.minor));
  if (done.major != 0) text += fmt::format("  major {}", report::grouped(done.major));
  for (const auto& [op, signal] : step.run().so_far().signals) {
    if (op == step.index()) text += style.paint(Paint::Red, "  " + report::signal_text(signal));
  }
  return text + '\n';
}

std::string abort_text(const Step& step) {
  const auto& aborted = step.run().so_far().abort_message;
  const auto& signals = step.run().so_far().signals;
  const bool here = !signals.empty() && signals.back().first == step.index();
  return aborted && here ? "malloc aborts: " + *aborted : "";
}

std::string why_text(const Step& step, const Style& style) {
  std::string text;
  for (const std::string& clause : step.why()) text += (text.empty() ? "" : "; ") + clause;
  const std::string aborts = abort_text(step);
  if (!aborts.empty()) text += (text.empty() ? "" : "; ") + aborts;
  return text.empty() ? text : hang("  ", text, style.width);
}

std::string receipt_text(const Step& step, const Style& style, bool loads) {
  constexpr std::size_t kMost = 40;
  const std::vector<ReceiptLine> lines = step.receipt(loads);
  std::string text;
  for (std::size_t i = 0; i < lines.size() && i < kMost; ++i) {
    const ReceiptLine& line = lines[i];
    std::string row =
        fmt::format("  {:<6} {:<16} {:>9}  {:<12}  ", to_string(line.access),
                    step.address_text(line.at), size_text(line), to_string(line.writer)) +
        faults_of(line, style);
    row.erase(row.find_last_not_of(' ') + 1);
    text += row + '\n';
  }
  if (lines.size() > kMost) text += fmt::format("  ... {} more\n", lines.size() - kMost);
  return text;
}

std::string strips_text(const Step& step, const Style& style) {
  std::string text;
  for (const PageStrip& strip : step.strips()) {
    const std::string name = strip.name.empty() ? step.address_text(strip.begin) : strip.name;
    std::string row = fmt::format("  {:<7} {:<18} ", text.empty() ? "pages" : "", name);
    std::size_t used = row.size();
    for (const PagesAlike& run : strip.runs) {
      const std::size_t length = run_text(run, Style{}).size();
      if (used + length > style.width) {
        text += row + '\n';
        row = std::string(29, ' ');
        used = row.size();
      }
      row += run_text(run, style);
      used += length;
    }
    text += row + '\n';
  }
  return text;
}

std::string step_text(const Step& step, const StepWishes& wishes) {
  const Style& style = wishes.style;
  return title_text(step, style) + why_text(step, style) + receipt_text(step, style) +
         strips_text(step, style);
}

}  // namespace tools::explain
