// The view "forks": what copying everything at once would have cost, beside copy on write.
#include <fmt/format.h>

#include "tools/explain/view.h"
#include "tools/report/table.h"

namespace tools::explain {
namespace {

using report::grouped;

/// Pages copied since the operation, in whatever process.
std::int64_t copied_since(const run::RunOutcome& outcome, std::size_t op) {
  std::int64_t copies = 0;
  for (std::size_t i = outcome.ops[op].first_fault; i < outcome.faults.size(); ++i) {
    const pagesim::FaultRecord& fault = outcome.faults[i];
    if (fault.cause == pagesim::Cause::CowCopy) ++copies;
  }
  return copies;
}

void add(report::Table& table, const std::string& what, std::int64_t tables, std::int64_t pages,
         std::size_t page_size) {
  const auto number = [](std::int64_t n) { return grouped(static_cast<std::uint64_t>(n)); };
  table.add({what, number(tables), number(pages),
             number((tables + pages) * static_cast<std::int64_t>(page_size))});
}

}  // namespace

std::string show_forks(const ViewRequest& /*request*/, const Look& look) {
  std::string text;
  const std::size_t page = look.run.setup().config.geometry.page_size();
  for (const ForkBill& bill : look.forks) {
    const script::Op& op = look.program.ops[bill.op];
    report::Table table{
        {{fmt::format("fork of {}, line {}", look.program.processes[op.peer].name, op.line),
          report::Align::Left},
         {"table pages"},
         {"data pages"},
         {"bytes copied"}}};
    add(table, "copying all at once", bill.eager_tables, bill.eager_pages, page);
    add(table, "copy on write, so far", bill.cow_tables, copied_since(look.run.so_far(), bill.op),
        page);
    text += table.to_text();
    text += fmt::format(
        "(without the {} pages of stack and thread-local data, which both touch at\nonce)\n",
        bill.own_pages);
  }
  return text.empty() ? "no fork yet\n" : text;
}

}  // namespace tools::explain
