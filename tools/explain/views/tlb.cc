// The view "tlb": which of these pages each process's TLB holds a translation of.
#include <fmt/format.h>

#include "pagesim/hardware/entry.h"
#include "pagesim/process.h"
#include "tools/explain/view.h"
#include "tools/report/tlb_use.h"

namespace tools::explain {
namespace {

std::string cell(const pagesim::Task& task, const pagesim::hardware::Geometry& geometry,
                 pagesim::VirtAddr at) {
  const pagesim::hardware::EntryFormat& format = pagesim::hardware::entry_format(geometry);
  const pagesim::hardware::Mmu& mmu = task.process().mmu();
  for (const pagesim::hardware::CachedTranslation& cached : mmu.cached()) {
    if (at - cached.page >= std::uint64_t{1} << geometry.shift(cached.level)) continue;
    const std::uint64_t inside = (at - cached.page) >> geometry.page_shift;
    return fmt::format("{:#x} {}", (mmu.physical(cached).raw() >> geometry.page_shift) + inside,
                       format.writable.in(cached.entry) ? "writable" : "read-only");
  }
  return "-";
}

}  // namespace

std::string show_tlb(const ViewRequest& request, const Look& look) {
  const pagesim::hardware::Geometry& geometry = look.run.setup().config.geometry;
  return pages_by_process(request, look, "in the TLB of ",
                          [&](const pagesim::Task& task, pagesim::VirtAddr at) {
                            return cell(task, geometry, at);
                          }) +
         report::to_text(look.run.tlb_so_far());
}

}  // namespace tools::explain
