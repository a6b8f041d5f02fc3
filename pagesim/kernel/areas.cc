// areas: limits, room, and taking areas away.
#include "pagesim/kernel/areas.h"

#include <sys/mman.h>

#include "pagesim/kernel/zap.h"

namespace pagesim::kernel {

namespace {

/// The share of memory vm.overcommit_memory 2 lets programs promise (vm.overcommit_ratio).
constexpr std::uint64_t kOvercommitPercent = 50;

std::optional<VirtAddr> room_above(Mm& mm, VirtAddr lowest, VirtAddr highest, std::size_t length,
                                   std::size_t alignment) {
  VirtAddr at = lowest.align_up(alignment);
  for (const Vma* vma = mm.find_vma(at); vma != nullptr; vma = mm.next(*vma)) {
    const VirtAddr end = mm.start_with_gap(*vma);
    if (at < end && end - at >= length) break;
    at = std::max(at, vma->end).align_up(alignment);
  }
  if (at < highest && highest - at >= length) return at;
  return std::nullopt;
}

/// From the last place known to have no such room above it.
std::optional<VirtAddr> room_below(Mm& mm, VirtAddr end, std::size_t length, std::size_t alignment,
                                   FreeAreaCache& cache) {
  const VirtAddr lowest{mm.kernel.profile.mmap_min_addr};
  if (length <= cache.largest_hole) cache = {};
  end = std::min(end, cache.begin);
  auto above = mm.areas().starting_from(end);
  if (above != mm.areas().end()) end = std::min(end, mm.start_with_gap(*above));
  while (true) {
    const bool is_last = above == mm.areas().begin();
    const VirtAddr floor = is_last ? lowest : std::max(lowest, std::prev(above)->end);
    const std::size_t hole = end > floor ? end - floor : 0;
    if (hole >= length && (end - length).align_down(alignment) >= floor)
      return (end - length).align_down(alignment);
    if (is_last) return std::nullopt;
    --above;
    cache.largest_hole = std::max(cache.largest_hole, hole);
    cache.begin = above->start;
    end = std::min(end, mm.start_with_gap(*above));
  }
}

}  // namespace

bool may_expand_vm(const Mm& mm, std::size_t bytes, bool data) noexcept {
  const unsigned shift = mm.page_shift();
  const std::uint64_t pages = bytes >> shift;
  if (mm.total_vm() + pages > mm.limits.address_space >> shift) return false;
  return !data || mm.data_vm() + pages <= mm.limits.data >> shift;
}

bool may_become_data(const Mm& mm, const Vma& vma) noexcept {
  const std::uint64_t pages = vma.length() >> mm.page_shift();
  return mm.data_vm() + pages <= mm.limits.data >> mm.page_shift() &&
         (vma.has(vm_flag::Noreserve) || enough_memory(mm, vma.length()));
}

bool enough_memory(const Mm& mm, std::size_t bytes) noexcept {
  const Kernel& kernel = mm.kernel;
  if (kernel.profile.overcommit_memory == 1) return true;
  if (kernel.profile.overcommit_memory == 0) return bytes <= kernel.memory_bytes();
  std::uint64_t promised = bytes;
  for (const Mm* each : kernel.address_spaces) promised += each->data_vm() << each->page_shift();
  return promised <= kernel.memory_bytes() / 100 * kOvercommitPercent;
}

bool room_for_areas(const Mm& mm, std::size_t more) noexcept {
  return mm.areas().size() + more <= mm.kernel.profile.max_map_count + 1;
}

std::optional<VirtAddr> get_unmapped_area(Mm& mm, std::size_t length, std::size_t alignment,
                                          VirtAddr hint) {
  const MmLimits& limits = mm.limits;
  const bool whole = hint > limits.map_window;
  const VirtAddr end =
      limits.mmap_base + (whole ? limits.task_size - limits.map_window : std::uint64_t{0});
  FreeAreaCache from_end;
  FreeAreaCache& cache = whole ? from_end : mm.free_areas;
  if (const auto room = room_below(mm, end, length, alignment, cache)) return room;
  return room_above(mm, limits.unmapped_base, whole ? limits.task_size : limits.map_window, length,
                    alignment);
}

SysResult<Done> unmap_region(Mm& mm, VirtAddr start, VirtAddr end) {
  const Vma* first = mm.find_vma(start);
  if (first == nullptr || first->start >= end) return Done{};
  if (first->start < start && end < first->end && !room_for_areas(mm, 1)) return fail(ENOMEM);
  mm.split(start);
  mm.split(end);
  zap_range(mm, start, end);
  mm.erase(start, end);
  free_pgtables(mm, start, end);
  return Done{};
}

}  // namespace pagesim::kernel
