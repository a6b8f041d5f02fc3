// The view "vtop": the walk of one address, entry by entry, with every bit.
#include <fmt/format.h>

#include "tools/explain/explain.h"
#include "tools/explain/view.h"

namespace tools::explain {
namespace {

/// "PGD 64, PUD 0, PMD 0, PTE 0, byte 0x10 (bits 9/9/9/9+12)": what chooses what.
std::string split(const pagesim::hardware::Geometry& geometry, pagesim::VirtAddr at) {
  std::string text;
  std::string bits;
  for (unsigned level = geometry.levels; level-- > 0;) {
    const std::uint64_t index = (at.raw() >> geometry.shift(level)) & (geometry.entries(level) - 1);
    text += fmt::format("{} {}, ", geometry.level_name(level), index);
    bits += fmt::format("{}{}", bits.empty() ? "" : "/", geometry.index_bits[level]);
  }
  return text + fmt::format("byte {:#x} (bits {}+{})", at.raw() & (geometry.page_size() - 1), bits,
                            geometry.page_shift);
}

std::string meaning(const pagesim::WalkStep& step) {
  if (step.kind == pagesim::EntryKind::Empty) return "empty";
  std::string text{to_string(step.kind)};
  if (step.frame) text += fmt::format(" in frame {:#x}", *step.frame);
  for (std::size_t i = 0; i < step.bits.size(); ++i) {
    text += fmt::format("{} {}", i == 0 ? ":" : "", step.bits[i]);
  }
  return text;
}

}  // namespace

std::string show_vtop(const ViewRequest& request, const Look& look) {
  const pagesim::Task& task = *look.run.task(request.process);
  const pagesim::hardware::Geometry& geometry = look.run.setup().config.geometry;
  const pagesim::VirtAddr at = look.run.address(request.process, request.place);
  std::string text = fmt::format("{:#x}:\n{}", at.raw(), fold(split(geometry, at), 2, kWidth));
  for (const pagesim::WalkStep& step : task.walk(at)) {
    text +=
        fmt::format("{}[{}] of the table in frame {:#x}: {:#018x}\n{}", step.name, step.index,
                    step.table >> geometry.page_shift, step.entry, fold(meaning(step), 2, kWidth));
  }
  const auto frame = task.frame_of(at);
  if (!frame) return text + fmt::format("No frame: {}.\n", to_string(task.page_state(at)));
  const std::uint64_t physical =
      (*frame << geometry.page_shift) | (at.raw() & (geometry.page_size() - 1));
  return text +
         fmt::format("Physical address {:#x}, {}.\n", physical, to_string(task.page_state(at)));
}

}  // namespace tools::explain
