// The view "tables": the page tables this process needs, and would need under other designs.
#include "pagesim/table_pages.h"

#include <fmt/format.h>

#include "tools/explain/view.h"
#include "tools/report/table.h"

namespace tools::explain {
namespace {

using report::grouped;

std::uint64_t pages_in(const std::vector<pagesim::PageRun>& runs) {
  std::uint64_t pages = 0;
  for (const pagesim::PageRun& run : runs) {
    pages += static_cast<std::uint64_t>(run.last) - static_cast<std::uint64_t>(run.first) + 1;
  }
  return pages;
}

}  // namespace

std::string show_tables(const ViewRequest& /*request*/, const Look& look) {
  const pagesim::Task& task = *look.run.task(0);
  const pagesim::hardware::Geometry& geometry = look.run.setup().config.geometry;
  const auto touched = task.touched_pages();
  const auto areas = pagesim::area_runs(geometry, task.maps());
  report::Table table{{{"design", report::Align::Left},
                       {"address bits", report::Align::Left},
                       {"tables"},
                       {"pages"},
                       {"bytes"}}};
  for (const auto& count : pagesim::table_designs(geometry, touched, areas)) {
    std::uint64_t tables = 0;
    for (const std::uint64_t of_level : count.tables) tables += of_level;
    table.add(
        {count.design, count.split, grouped(tables), grouped(count.pages), grouped(count.bytes)});
  }
  return fmt::format("{} pages have entries; the areas have {} pages.\n",
                     grouped(pages_in(touched)), grouped(pages_in(areas))) +
         table.to_text();
}

}  // namespace tools::explain
