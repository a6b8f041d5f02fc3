// The view "frames": in which frame of memory each process has each of these pages.
#include <fmt/format.h>

#include "tools/explain/view.h"
#include "tools/report/table.h"

namespace tools::explain {

std::string pages_by_process(const ViewRequest& request, const Look& look, const std::string& what,
                             const PageCell& cell) {
  std::vector<report::Table::Column> columns = {{"page", report::Align::Left}};
  std::vector<const pagesim::Task*> tasks;
  for (std::uint32_t i = 0; i < look.program.processes.size(); ++i) {
    if (look.run.task(i) == nullptr || look.program.processes[i].is_thread) continue;
    tasks.push_back(look.run.task(i));
    columns.push_back({what + look.program.processes[i].name, report::Align::Left});
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

std::string show_frames(const ViewRequest& request, const Look& look) {
  return pages_by_process(
      request, look, "frame in ", [](const pagesim::Task& task, pagesim::VirtAddr at) {
        const auto state = to_string(task.page_state(at));
        const auto frame = task.frame_of(at);
        return frame ? fmt::format("{:#x} {}", *frame, state) : std::string{state};
      });
}

}  // namespace tools::explain
