// The view "frames": in which frame of memory each process has each of these pages.
#include <fmt/format.h>

#include "tools/explain/view.h"
#include "tools/report/table.h"

namespace tools::explain {
namespace {

std::string cell(const pagesim::Task& task, pagesim::VirtAddr at) {
  const auto frame = task.frame_of(at);
  if (!frame) return std::string{to_string(task.page_state(at))};
  return fmt::format("{:#x} {}", *frame, to_string(task.page_state(at)));
}

}  // namespace

std::string show_frames(const ViewRequest& request, const Look& look) {
  std::vector<report::Table::Column> columns = {{"page", report::Align::Left}};
  std::vector<const pagesim::Task*> tasks;
  for (std::uint32_t i = 0; i < look.program.processes.size(); ++i) {
    if (look.run.task(i) == nullptr || look.program.processes[i].is_thread) continue;
    tasks.push_back(look.run.task(i));
    columns.push_back({"frame in " + look.program.processes[i].name, report::Align::Left});
  }
  report::Table table{columns};
  const pagesim::VirtAddr start = look.run.address(request.process, request.place);
  for (std::int64_t page = 0; page < request.pages; ++page) {
    const auto offset = static_cast<std::size_t>(page) << look.program.page_shift;
    std::vector<std::string> cells = {
        request.pages == 1 ? request.place_text : fmt::format("{}[{}]", request.place_text, page)};
    for (const pagesim::Task* task : tasks) cells.push_back(cell(*task, start + offset));
    table.add(std::move(cells));
  }
  return table.to_text();
}

}  // namespace tools::explain
