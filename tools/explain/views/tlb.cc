// The view "tlb": which of these pages each process's TLB holds a translation of.
#include <fmt/format.h>

#include "pagesim/hardware/entry.h"
#include "pagesim/process.h"
#include "tools/explain/view.h"
#include "tools/report/table.h"

namespace tools::explain {
namespace {

std::string cell(const pagesim::Task& task, const pagesim::hardware::Geometry& geometry,
                 pagesim::VirtAddr at) {
  const auto page = static_cast<std::uint64_t>(at.page(geometry.page_shift));
  const pagesim::hardware::EntryFormat& format = pagesim::hardware::entry_format(geometry);
  for (const auto& slot : task.process().mmu().tlb().slots()) {
    if (slot.tag != page) continue;
    return fmt::format("{:#x} {}",
                       static_cast<std::uint32_t>(format.frame(slot.entry, geometry.page_shift)),
                       format.writable.in(slot.entry) ? "writable" : "read-only");
  }
  return "-";
}

}  // namespace

std::string show_tlb(const ViewRequest& request, const Look& look) {
  const pagesim::hardware::Geometry& geometry = look.run.setup().config.geometry;
  const std::string counts = [&] {
    const auto& counters = look.run.task(request.process)->tlb_counters();
    return fmt::format("{}: {} hits, {} misses, {} flushes so far\n",
                       look.program.processes[request.process].name, report::grouped(counters.hits),
                       report::grouped(counters.misses), report::grouped(counters.flushes));
  }();
  return pages_by_process(request, look, "in the TLB of ",
                          [&](const pagesim::Task& task, pagesim::VirtAddr at) {
                            return cell(task, geometry, at);
                          }) +
         counts;
}

}  // namespace tools::explain
