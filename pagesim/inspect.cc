// Task: questions about its memory, answered without touching it.
#include <algorithm>

#include "pagesim/kernel/file.h"
#include "pagesim/kernel/mm.h"
#include "pagesim/kernel/pte.h"
#include "pagesim/kernel/rmap.h"
#include "pagesim/machine.h"
#include "pagesim/process.h"
#include "pagesim/task.h"

namespace pagesim {

namespace {

namespace flag = hardware::frame_flag;

std::string mapped_letters(const hardware::FrameRecord& page) {
  if (page.has(flag::HugeZero)) return "ZH";
  std::string letters = page.has(flag::Anon) ? "A" : "F";
  if (page.order() > 0) letters += 'H';
  if (page.has(flag::SwapCache)) letters += 'c';
  if (page.mapcount == 1) letters += 'x';
  return letters;
}

PageState mapped_state(const hardware::FrameRecord& page) {
  if (page.has(flag::HugeZero)) return PageState::HugeZero;
  if (page.has(flag::Shmem)) return PageState::Shmem;
  if (!page.has(flag::Anon)) return PageState::File;
  if (page.order() > 0) return page.mapcount == 1 ? PageState::Huge : PageState::HugeShared;
  return page.mapcount == 1 ? PageState::Anon : PageState::AnonShared;
}

std::string area_name(const Process& process, const kernel::Mm& mm, const kernel::Vma& vma) {
  if (vma.file) return vma.file->name();
  if (vma.start <= mm.brk && vma.end > mm.start_brk) return "[heap]";
  const bool stack = vma.start <= process.stack_base && process.stack_base < vma.end;
  return stack ? "[stack]" : "";
}

}  // namespace

std::string_view to_string(PageState state) noexcept {
  constexpr std::string_view kNames[] = {"absent",      "swap", "guard",       "zero",
                                         "huge_zero",   "anon", "anon_shared", "huge",
                                         "huge_shared", "file", "shmem"};
  return kNames[static_cast<std::size_t>(state)];
}

std::string_view to_string(Syscall call) noexcept {
  constexpr std::string_view kNames[] = {"brk",     "mmap",  "munmap",  "mremap",  "mprotect",
                                         "madvise", "mlock", "munlock", "mincore", "msync"};
  return kNames[static_cast<std::size_t>(call)];
}

Rss Task::rss() const { return mm().rss(); }
std::int64_t Task::peak_rss() const { return mm().peak_rss(); }

PageState Task::page_state(VirtAddr at) const {
  const kernel::Ptes ptes{mm()};
  const auto lowest = mm().tables.lowest(at);
  const hardware::Entry entry = *lowest.entry;
  if (ptes.kind(entry) == kernel::NonPresent::Swap) return PageState::Swap;
  if (ptes.kind(entry) == kernel::NonPresent::Guard) return PageState::Guard;
  if (!ptes.mapped(entry) || at >= mm().limits.task_size) return PageState::Absent;
  if (ptes.is_zero_page(entry)) return PageState::Zero;
  return mapped_state(memory_->record(*kernel::mapped_frame(mm(), at)));
}

std::string Task::page_letters(VirtAddr at) const {
  switch (page_state(at)) {
    case PageState::Absent:
      return "-";
    case PageState::Swap:
      return "S";
    case PageState::Guard:
      return "G";
    case PageState::Zero:
      return "Z";
    default:
      return mapped_letters(memory_->record(
          hardware::FrameNumber{static_cast<std::uint32_t>(frame_of(at).value_or(0))}));
  }
}

std::vector<WalkStep> Task::walk(VirtAddr at) const {
  const hardware::PageTable& tables = mm().tables;
  const unsigned shift = tables.geometry().page_shift;
  std::vector<WalkStep> steps;
  hardware::FrameNumber table = tables.root();
  for (unsigned level = tables.geometry().levels; level-- > 0;) {
    const std::size_t index = tables.index(at, level);
    const hardware::Entry entry = memory_->table(table)[index];
    steps.push_back(
        {level, index, entry, std::uint64_t{static_cast<std::uint32_t>(table)} << shift});
    if (level == 0 || !tables.is_table(entry)) break;
    table = tables.frame(entry);
  }
  return steps;
}

std::vector<MapLine> Task::maps() const {
  std::vector<MapLine> lines;
  for (const auto& [start, vma] : mm().areas())
    lines.push_back({vma.start, vma.end, vma.prot, vma.is_shared(),
                     vma.file ? vma.pgoff << mm().page_shift() : 0,
                     area_name(*process_, mm(), vma)});
  return lines;
}

std::optional<std::uint64_t> Task::frame_of(VirtAddr at) const {
  const auto frame = kernel::mapped_frame(mm(), at);
  if (!frame) return std::nullopt;
  return static_cast<std::uint32_t>(*frame);
}

std::optional<std::uint8_t> Task::peek(VirtAddr at) const {
  const auto frame = frame_of(at);
  if (!frame) return std::nullopt;
  std::uint8_t byte = 0;
  memory_->read(PhysAddr{(*frame << mm().page_shift()) | (at.raw() & offset_mask_)}, &byte, 1);
  return byte;
}

}  // namespace pagesim
