// Task: questions about its memory, answered without touching it.
#include <algorithm>

#include "pagesim/hardware/entry_words.h"
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

/// The page whose state is told of an address that is mapped. Of a huge page mapped as a whole
/// /proc/PID/pagemap says what holds of its first page (measured on Linux 6.18).
const hardware::FrameRecord& told_page(const kernel::Mm& mm, VirtAddr at) {
  return mm.kernel.memory.record(kernel::Ptes{mm}.frame(*mm.tables.lowest(at).entry));
}

EntryKind entry_kind(const kernel::Mm& mm, hardware::Entry entry, unsigned level) {
  const kernel::Ptes ptes{mm};
  if (entry == 0) return EntryKind::Empty;
  if (level > 0 && mm.tables.is_table(entry)) return EntryKind::Table;
  if (mm.tables.format().present.in(entry)) return EntryKind::Page;
  if (ptes.mapped(entry)) return EntryKind::ProtNone;
  return ptes.kind(entry) == kernel::NonPresent::Swap ? EntryKind::Swap : EntryKind::Guard;
}

/// Whether an entry of this kind holds a frame number.
bool has_frame(EntryKind kind) {
  return kind == EntryKind::Table || kind == EntryKind::Page || kind == EntryKind::ProtNone;
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

std::string_view to_string(EntryKind kind) noexcept {
  constexpr std::string_view kNames[] = {"empty", "table", "page", "prot_none", "swap", "guard"};
  return kNames[static_cast<std::size_t>(kind)];
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
  return mapped_state(told_page(mm(), at));
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
      return mapped_letters(told_page(mm(), at));
  }
}

std::vector<WalkStep> Task::walk(VirtAddr at) const {
  const hardware::PageTable& tables = mm().tables;
  const hardware::Geometry& geometry = tables.geometry();
  std::vector<WalkStep> steps;
  hardware::FrameNumber table = tables.root();
  for (unsigned level = geometry.levels; level-- > 0;) {
    WalkStep step;
    step.level = level;
    step.name = geometry.level_name(level);
    step.index = tables.index(at, level);
    step.entry = memory_->table(table)[step.index];
    step.table = std::uint64_t{static_cast<std::uint32_t>(table)} << geometry.page_shift;
    step.kind = entry_kind(mm(), step.entry, level);
    if (has_frame(step.kind)) {
      step.bits = hardware::entry_words(geometry, level, step.entry);
      step.frame = static_cast<std::uint32_t>(tables.frame(step.entry));
    }
    steps.push_back(std::move(step));
    if (steps.back().kind != EntryKind::Table) break;
    table = tables.frame(steps.back().entry);
  }
  return steps;
}

std::vector<PageRun> Task::touched_pages() const {
  hardware::PageTable& tables = mm().tables;
  const unsigned shift = mm().page_shift();
  std::vector<PageRun> runs;
  tables.visit(VirtAddr{}, mm().limits.task_size,
               [&](VirtAddr at, const hardware::Entry*, unsigned level) {
                 const std::uint64_t first = at.raw() >> shift;
                 const std::uint64_t last = first + (tables.span(level) >> shift) - 1;
                 if (!runs.empty() && static_cast<std::uint64_t>(runs.back().last) + 1 == first)
                   runs.back().last = PageNumber{last};
                 else
                   runs.push_back({PageNumber{first}, PageNumber{last}});
               });
  return runs;
}

std::vector<MapLine> Task::maps() const {
  std::vector<MapLine> lines;
  for (const kernel::Vma& vma : mm().areas())
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

bool Task::peek(VirtAddr at, void* to, std::size_t n) const {
  auto* out = static_cast<std::byte*>(to);
  while (n != 0) {
    const std::size_t part = std::min(n, rest_of_page(at));
    const std::uint64_t offset = at.raw() & offset_mask_;
    if (const auto frame = frame_of(at)) {
      memory_->read(PhysAddr{(*frame << mm().page_shift()) | offset}, out, part);
    } else if (!peek_swapped(at, out, part)) {
      return false;
    }
    at += part;
    out += part;
    n -= part;
  }
  return true;
}

/// Within one page.
bool Task::peek_swapped(VirtAddr at, std::byte* to, std::size_t n) const {
  const hardware::Entry entry = *mm().tables.lowest(at).entry;
  if (kernel::Ptes{mm()}.kind(entry) != kernel::NonPresent::Swap) return false;
  machine_->kernel().swap.peek(kernel::Ptes::swap_slot(entry), at.raw() & offset_mask_, to, n);
  return true;
}

}  // namespace pagesim
