// areas: helpers of the system calls: rounding, limits, cutting, finding room.
#pragma once

#include <cerrno>
#include <cstdint>
#include <optional>

#include "pagesim/kernel/huge.h"
#include "pagesim/kernel/mm.h"
#include "pagesim/result.h"

namespace pagesim::kernel {

[[nodiscard]] constexpr Unexpected<int> fail(int error) noexcept { return Unexpected<int>{error}; }

/// Bytes rounded up to whole pages; 0 when that wraps.
[[nodiscard]] inline std::size_t page_align(const Mm& mm, std::size_t length) noexcept {
  return (length + mm.page_size() - 1) & ~(mm.page_size() - 1);
}
/// Whether the program may map at an address of its choice: not the lowest, for who is not root.
[[nodiscard]] inline bool may_map_at(const Mm& mm, VirtAddr at) noexcept {
  return mm.kernel.profile.cap_sys_rawio || at.raw() >= mm.kernel.profile.mmap_min_addr;
}
/// Whether a further `bytes` fit RLIMIT_AS, and RLIMIT_DATA when they are private and writable.
[[nodiscard]] bool may_expand_vm(const Mm& mm, std::size_t bytes, bool data) noexcept;
/// Whether a private area may become writable: RLIMIT_DATA and overcommit.
[[nodiscard]] bool may_become_data(const Mm& mm, const Vma& vma) noexcept;
/// Whether vm.overcommit_memory lets an address space promise `bytes` more.
[[nodiscard]] bool enough_memory(const Mm& mm, std::size_t bytes) noexcept;
/// Whether `more` areas fit vm.max_map_count.
[[nodiscard]] bool room_for_areas(const Mm& mm, std::size_t more) noexcept;
/// The highest free room of `length` bytes below the mmap base, else the lowest above the bottom-up
/// base; aligned to a power of two. A hint above the map window opens all of the address space.
[[nodiscard]] std::optional<VirtAddr> get_unmapped_area(Mm& mm, std::size_t length,
                                                        std::size_t alignment = 1,
                                                        VirtAddr hint = VirtAddr{});
/// Takes [start, end) away: pages, areas, tables. ENOMEM when cutting makes too many areas.
[[nodiscard]] SysResult<Done> unmap_region(Mm& mm, VirtAddr start, VirtAddr end);

/// Where a range has no area: some calls end there, others do the rest first. Both say ENOMEM.
enum class AtHole : std::uint8_t { Stop, GoOn };

/// Cuts the areas at the edges of [start, end) and calls change(Vma&) on each within; it may return
/// an errno.
template <class Change>
[[nodiscard]] SysResult<Done> change_areas(Mm& mm, VirtAddr start, VirtAddr end, AtHole at_hole,
                                           Change&& change) {
  if (!room_for_areas(mm, 2)) return fail(ENOMEM);
  mm.split(start);
  mm.split(end);
  bool hole = false;
  int error = 0;
  for (VirtAddr at = start; at < end && error == 0;) {
    Vma* vma = mm.find_vma(at);
    if (vma == nullptr || vma->start >= end) {
      hole = true;
      break;
    }
    hole |= vma->start > at;
    if (hole && at_hole == AtHole::Stop) break;
    at = vma->end;
    error = change(*vma);
  }
  mm.merge(start, end);
  for (const VirtAddr edge : {start, end}) split_straddling_block(mm, edge);
  if (error != 0) return fail(error);
  if (hole) return fail(ENOMEM);
  return Done{};
}

}  // namespace pagesim::kernel
