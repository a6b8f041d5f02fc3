// Running a script with its views, and putting all of it into a text.
#include "tools/explain/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "tools/explain/listing.h"
#include "tools/explain/step_heap.h"
#include "tools/report/run_text.h"
#include "tools/report/table.h"
#include "tools/run/sim/run.h"

namespace tools::explain {
namespace {

/// Looks where the script asks, and at each fork.
class Watcher final : public run::SimWitness {
 public:
  Watcher(const script::Program& program, const StepWishes& wishes,
          const measure::SavedCosts& costs)
      : program_{program}, wishes_{wishes}, costs_{costs}, requests_{read_views(program)} {
    const auto in_time = [](const ViewRequest& a, const ViewRequest& b) { return a.op < b.op; };
    std::stable_sort(requests_.begin(), requests_.end(), in_time);
  }

  void after(std::size_t op, const run::sim::Run& run) override {
    if (program_.ops[op].verb == script::Verb::Fork && run.so_far().ops[op].ran) bill(op, run);
    const Look look{program_, run, forks_, costs_};
    for (; next_ < requests_.size() && requests_[next_].op == op; ++next_) {
      shown_.emplace_back(requests_[next_], show(requests_[next_], look));
    }
    if (wishes_.any()) steps_.after(op, run);
  }
  [[nodiscard]] bool reads_logs() const override { return wishes_.any(); }
  [[nodiscard]] const std::string& steps() const noexcept { return drawn_; }
  [[nodiscard]] std::vector<std::pair<ViewRequest, std::string>> shown() && {
    return std::move(shown_);
  }

 private:
  void bill(std::size_t op, const run::sim::Run& run);
  void draw(const Step& step) {
    if (wishes_.wants(step)) drawn_ += step_text(step, wishes_) + heap(step) + '\n';
  }
  /// Drawn again only where something of it changed.
  std::string heap(const Step& step) {
    std::string text = step_heap_text(step, wishes_);
    if (text.empty() || text == heap_) return text.empty() ? text : "  heap: as before\n";
    heap_ = text;
    return text;
  }

  const script::Program& program_;
  const StepWishes& wishes_;
  const measure::SavedCosts& costs_;
  std::vector<ViewRequest> requests_;  ///< by operation
  std::size_t next_ = 0;
  std::vector<ForkBill> forks_;
  std::vector<std::pair<ViewRequest, std::string>> shown_;
  Stepper steps_{program_, [this](const Step& step) { draw(step); }};
  std::string drawn_;
  std::string heap_;  ///< as drawn last
};

void Watcher::bill(std::size_t op, const run::sim::Run& run) {
  const auto page = static_cast<std::int64_t>(run.setup().config.geometry.page_size());
  const pagesim::Layout& layout = run.setup().layout;
  const pagesim::Rss parent = run.task(program_.ops[op].process)->rss();
  const pagesim::Rss child = run.task(program_.ops[op].peer)->rss();
  ForkBill bill;
  bill.op = op;
  bill.own_pages = static_cast<std::int64_t>(layout.stack_bytes + layout.thread_bytes) / page;
  bill.eager_pages = parent.anon / page - bill.own_pages;
  bill.eager_tables = parent.page_tables / page + 1;
  bill.cow_tables = child.page_tables / page + 1;
  forks_.push_back(bill);
}

std::string listing(const script::Program& program, const run::RunOutcome& outcome,
                    std::size_t first) {
  const Listing listing{program, outcome};
  std::string text = Listing::heading(kWidth) + '\n';
  for (std::size_t line = first; line <= program.source.size(); ++line) {
    text += listing.row(line, kWidth) + '\n';
  }
  return text;
}

std::string signals(const script::Program& program, const run::RunOutcome& outcome) {
  std::string text;
  for (const auto& [op, signal] : outcome.signals) {
    text += fmt::format("Line {} ends in {}.\n", program.ops[op].line, report::signal_text(signal));
  }
  return text;
}

}  // namespace

Explanation explain(const script::Program& program, const run::SimSetup& setup,
                    const run::RunOptions& options, const StepWishes& wishes,
                    const measure::SavedCosts& costs) {
  Watcher watcher{program, wishes, costs};
  run::SimRunner runner{setup};
  runner.set_witness(&watcher);
  Explanation explanation;
  explanation.outcome = runner.run(program, options);
  explanation.steps = watcher.steps();
  explanation.views = std::move(watcher).shown();
  return explanation;
}

std::string to_text(const script::Program& program, const ScriptHeader& header,
                    const Explanation& explanation, const std::string& machine) {
  std::string text = program.path + (header.title.empty() ? "" : ": " + header.title) + '\n';
  for (const std::string& paragraph : header.paragraphs) text += '\n' + fold(paragraph, 2, kWidth);
  if (!header.looks.empty()) text += "\nLook at:\n";
  for (const std::string& look : header.looks) text += "  - " + fold(look, 4, kWidth).substr(4);
  const std::size_t first = header_lines(program.source) + 1;
  text += fmt::format("\n{}:\n\n", machine);
  text += program.source.empty()
              ? report::counted(program.ops.size(), "operation") + " of a trace\n"
              : listing(program, explanation.outcome, first);
  const std::string ends = signals(program, explanation.outcome);
  if (!ends.empty()) text += '\n' + ends;
  for (const auto& [request, view] : explanation.views) {
    const bool at_end = request.line < first;
    text += at_end ? fmt::format("\n{}, at the end:\n\n", request.text)
                   : fmt::format("\n{}, at line {}:\n\n", request.text, request.line);
    text += view;
  }
  if (!explanation.steps.empty()) text += '\n' + explanation.steps + strip_legend();
  return text;
}

}  // namespace tools::explain
