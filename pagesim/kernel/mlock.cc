// mlock, munlock, msync, mincore.
#include "pagesim/kernel/areas.h"
#include "pagesim/kernel/file.h"
#include "pagesim/kernel/gup.h"
#include "pagesim/kernel/page_cache.h"
#include "pagesim/kernel/pte.h"
#include "pagesim/kernel/syscalls.h"

namespace pagesim::kernel {

namespace {

/// The page-aligned range of an mlock; nothing when it wraps.
std::optional<std::pair<VirtAddr, VirtAddr>> whole_pages(const Mm& mm, VirtAddr at,
                                                         std::size_t length) {
  const VirtAddr start = at.align_down(mm.page_size());
  const std::size_t bytes = page_align(mm, length + (at - start));
  if (bytes < length || start + bytes < start) return std::nullopt;
  return std::pair{start, start + bytes};
}

}  // namespace

SysResult<Done> sys_mlock(Mm& mm, const Current& current, VirtAddr at, std::size_t length,
                          bool on_fault) {
  const auto range = whole_pages(mm, at, length);
  if (!range) return fail(EINVAL);
  const auto [start, end] = *range;
  const auto marked = change_areas(mm, start, end, AtHole::Stop, [&](Vma& vma) {
    vma.flags = (vma.flags & ~std::uint32_t{vm_flag::LockOnFault}) | vm_flag::Locked;
    if (on_fault) vma.flags |= vm_flag::LockOnFault;
    return 0;
  });
  if (!marked || on_fault) return marked;
  if (mm_populate(mm, current, start, end) != 0) return fail(ENOMEM);
  return marked;
}

SysResult<Done> sys_munlock(Mm& mm, VirtAddr at, std::size_t length) {
  const auto range = whole_pages(mm, at, length);
  if (!range) return fail(EINVAL);
  return change_areas(mm, range->first, range->second, AtHole::Stop, [](Vma& vma) {
    vma.flags &= ~(std::uint32_t{vm_flag::Locked} | vm_flag::LockOnFault);
    return 0;
  });
}

SysResult<Done> sys_msync(Mm& mm, VirtAddr at, std::size_t length) {
  if (!at.is_aligned(mm.page_size())) return fail(EINVAL);
  const VirtAddr end = at + page_align(mm, length);
  if (end < at) return fail(ENOMEM);
  for (VirtAddr start = at; start < end;) {
    const Vma* vma = mm.find_vma(start);
    if (vma == nullptr || vma->start > start) return fail(ENOMEM);
    const VirtAddr stop = std::min(end, vma->end);
    const std::uint64_t first = vma->pgoff + ((start - vma->start) >> mm.page_shift());
    const std::uint64_t pages = (stop - start) >> mm.page_shift();
    if (vma->file && vma->is_shared()) writeback(mm.kernel, *vma->file, {first, first + pages - 1});
    start = stop;
  }
  return Done{};
}

SysResult<std::vector<std::uint8_t>> sys_mincore(Mm& mm, VirtAddr at, std::size_t length) {
  if (!at.is_aligned(mm.page_size())) return fail(EINVAL);
  const std::size_t bytes = page_align(mm, length);
  if (bytes < length || at > mm.limits.task_size || bytes > mm.limits.task_size - at)
    return fail(ENOMEM);
  if (!mm.is_covered(at, at + bytes)) return fail(ENOMEM);
  const Ptes ptes{mm};
  std::vector<std::uint8_t> resident(bytes >> mm.page_shift(), 0);
  for (std::size_t page = 0; page < resident.size(); ++page) {
    const VirtAddr each = at + (page << mm.page_shift());
    const Vma& vma = *mm.find_vma(each);
    const std::uint64_t inside = (each - vma.start) >> mm.page_shift();
    const CachedPage* cached = vma.file ? vma.file->find_page(vma.pgoff + inside) : nullptr;
    if (cached != nullptr && cached->uptodate) resident[page] = 1;
  }
  mm.tables.visit(at, at + bytes, [&](VirtAddr page, const Entry* entry, unsigned level) {
    if (!ptes.mapped(*entry)) return;
    const VirtAddr end = std::min(at + bytes, page + mm.tables.span(level));
    for (VirtAddr each = std::max(at, page); each < end; each += mm.page_size())
      resident[(each - at) >> mm.page_shift()] = 1;
  });
  return resident;
}

}  // namespace pagesim::kernel
