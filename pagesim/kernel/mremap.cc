// mremap: areas grow, shrink and move; their pages move along without a fault.
#include <sys/mman.h>

#include "pagesim/kernel/areas.h"
#include "pagesim/kernel/gup.h"
#include "pagesim/kernel/huge.h"
#include "pagesim/kernel/placement.h"
#include "pagesim/kernel/syscalls.h"
#include "pagesim/uapi.h"

namespace pagesim::kernel {

namespace {

struct Remap {
  Mm& mm;
  const Current& current;
  VirtAddr old;
  std::size_t old_length;
  std::size_t new_length;
  int flags;
  VirtAddr new_address;

  [[nodiscard]] bool has(int flag) const noexcept { return (flags & flag) != 0; }
};

int check_request(const Mm& mm, const MremapRequest& request) {
  const int known = kMremapMaymove | kMremapFixed | kMremapDontunmap;
  if ((request.flags & ~known) != 0 || !request.old.is_aligned(mm.page_size())) return EINVAL;
  const bool may_move = (request.flags & kMremapMaymove) != 0;
  if ((request.flags & (kMremapFixed | kMremapDontunmap)) != 0 && !may_move) return EINVAL;
  const std::size_t old_length = page_align(mm, request.old_length);
  const std::size_t new_length = page_align(mm, request.new_length);
  if (new_length == 0 || old_length < request.old_length) return EINVAL;
  if (new_length > mm.limits.task_size.raw()) return EINVAL;
  if ((request.flags & kMremapDontunmap) != 0 && old_length != new_length) return EINVAL;
  // DONTUNMAP has the new address looked at, though it is not used without FIXED.
  if ((request.flags & (kMremapFixed | kMremapDontunmap)) == 0) return 0;
  const VirtAddr to = request.new_address;
  if (!to.is_aligned(mm.page_size()) || to > mm.limits.task_size - new_length) return EINVAL;
  const bool overlap = request.old < to + new_length && to < request.old + old_length;
  return overlap ? EINVAL : 0;
}

/// vma_to_resize: the one area the old range must lie in, if it may reach the new length. Of a
/// range of no bytes all that can be had is a second mapping of shared memory.
SysResult<Vma*> area_to_resize(const Remap& remap) {
  Mm& mm = remap.mm;
  Vma* vma = mm.find_vma(remap.old);
  if (vma == nullptr || !vma->contains(remap.old)) return fail(EFAULT);
  if (remap.old_length == 0 && !vma->is_shared()) return fail(EINVAL);
  if (std::min(remap.old_length, remap.new_length) > vma->end - remap.old) return fail(EFAULT);
  if (remap.new_length <= remap.old_length && !remap.has(kMremapDontunmap)) return vma;
  if (remap.old_length > vma->end - remap.old) return fail(EFAULT);
  const std::size_t more =
      remap.has(kMremapDontunmap) ? remap.new_length : remap.new_length - remap.old_length;
  const bool data = !vma->is_shared() && (vma->prot & PROT_WRITE) != 0;
  if (!may_expand_vm(mm, more, data)) return fail(ENOMEM);
  if (data && !vma->has(vm_flag::Noreserve) && !enough_memory(mm, more)) return fail(ENOMEM);
  return vma;
}

/// A block that lies on a block at the new address too moves as one. Any other is split, and its
/// pages are visited next.
void move_huge_pmd(const Remap& remap, std::size_t length, VirtAddr at, Entry* entry) {
  Mm& mm = remap.mm;
  const VirtAddr target = remap.new_address + (at - remap.old);
  const VirtAddr end = remap.old + length;
  if (!takes_whole_block(mm, at, *entry, 1, remap.old, end)) return;
  Entry* pmd = target.is_aligned(mm.tables.span(1)) ? mm.tables.find_or_make(target, 1) : nullptr;
  if (pmd == nullptr || *pmd != 0) return split_huge_pmd(mm, at, *entry);
  *pmd = *entry;
  *entry = 0;
}

/// The entries of the old range, and the tables they need, at the new one.
bool move_page_tables(const Remap& remap, std::size_t length) {
  Mm& mm = remap.mm;
  bool moved = true;
  mm.tables.visit_leaf_tables(remap.old, remap.old + length, [&](VirtAddr at) {
    const VirtAddr from = std::max(at, remap.old);
    moved &= mm.tables.find_or_make(remap.new_address + (from - remap.old)) != nullptr;
  });
  mm.tables.visit(remap.old, remap.old + length, [&](VirtAddr at, Entry* entry, unsigned level) {
    if (level > 0) return move_huge_pmd(remap, length, at, entry);
    Entry* target = mm.tables.find_or_make(remap.new_address + (at - remap.old));
    moved &= target != nullptr;
    if (target == nullptr) return;
    *target = *entry;
    *entry = 0;
  });
  mm.flush_tlb(remap.old, remap.old + length, TableChange::Mremap);
  return moved;
}

/// Where what grows or leaves its old place behind goes.
std::optional<VirtAddr> room_for(const Remap& remap, const Vma& area) {
  const std::uint64_t offset = (area.pgoff << remap.mm.page_shift()) + (remap.old - area.start);
  return choose_area(remap.mm, {remap.new_length, area.file.get(), area.file ? offset : 0});
}

SysResult<VirtAddr> move_vma(const Remap& remap, const Vma& area) {
  Mm& mm = remap.mm;
  if (!room_for_areas(mm, 3)) return fail(ENOMEM);
  Vma moved = area;
  moved.start = remap.new_address;
  moved.end = remap.new_address + remap.new_length;
  moved.pgoff = area.pgoff + ((remap.old - area.start) >> mm.page_shift());
  if (area.is_anonymous() && area.anon_vma == AnonVma::None)
    moved.pgoff = moved.start.raw() >> mm.page_shift();
  const bool locked = area.has(vm_flag::Locked);
  const std::size_t length = std::min(remap.old_length, remap.new_length);
  mm.insert(std::move(moved));
  if (!move_page_tables(remap, length)) return fail(ENOMEM);
  if (remap.has(kMremapDontunmap)) {
    if (locked) {  // all of the area that is left behind, not the range alone (measured)
      const Vma& left = *mm.find_vma(remap.old);
      (void)sys_munlock(mm, left.start, left.length());
    }
  } else if (remap.old_length != 0) {
    const auto gone = unmap_region(mm, remap.old, remap.old + remap.old_length);
    if (!gone) return fail(gone.error());
  }
  if (locked && remap.new_length > remap.old_length)
    (void)mm_populate(mm, remap.current, remap.new_address + remap.old_length,
                      remap.new_address + remap.new_length);
  return remap.new_address;
}

/// MREMAP_FIXED, and MREMAP_DONTUNMAP at an address of its own.
SysResult<VirtAddr> remap_to(Remap remap) {
  Mm& mm = remap.mm;
  if (const auto fits = area_to_resize(remap); !fits) return fail(fits.error());
  if (remap.has(kMremapFixed)) {
    if (!may_map_at(mm, remap.new_address)) return fail(EPERM);
    const auto freed = unmap_region(mm, remap.new_address, remap.new_address + remap.new_length);
    if (!freed) return fail(freed.error());
  }
  if (remap.old_length > remap.new_length) {
    const auto cut = unmap_region(mm, remap.old + remap.new_length, remap.old + remap.old_length);
    if (!cut) return fail(cut.error());
    remap.old_length = remap.new_length;
  }
  const auto area = area_to_resize(remap);
  if (!area) return fail(area.error());
  if (!remap.has(kMremapFixed)) {
    const auto room = room_for(remap, **area);
    if (!room) return fail(ENOMEM);
    remap.new_address = *room;
  }
  return move_vma(remap, **area);
}

/// At its old length a range moves area by area, to where each keeps its distance from the others.
/// What lies there between them stays.
SysResult<VirtAddr> move_areas(const Remap& remap) {
  const VirtAddr end = remap.old + remap.old_length;
  for (VirtAddr at = remap.old; at < end;) {
    const Vma* vma = remap.mm.find_vma(at);
    if (vma == nullptr || vma->start >= end) break;
    at = std::max(at, vma->start);
    const std::size_t length = std::min(vma->end, end) - at;
    const VirtAddr target = remap.new_address + (at - remap.old);
    const auto moved = remap_to({remap.mm, remap.current, at, length, length, remap.flags, target});
    if (!moved) return moved;
    at += length;
  }
  return remap.new_address;
}

bool can_grow_in_place(const Remap& remap, const Vma& area) {
  const VirtAddr end = remap.old + remap.new_length;
  if (area.end != remap.old + remap.old_length || end > remap.mm.limits.task_size) return false;
  const Vma* above = remap.mm.next(area);
  return above == nullptr || end <= above->start;
}

SysResult<VirtAddr> grow(Remap remap) {
  Mm& mm = remap.mm;
  const auto found = area_to_resize(remap);
  if (!found) return fail(found.error());
  Vma& area = **found;
  if (can_grow_in_place(remap, area)) {
    const VirtAddr old_end = area.end;
    const VirtAddr new_end = remap.old + remap.new_length;
    const bool locked = area.has(vm_flag::Locked);
    mm.resize(area, new_end);
    mm.merge(area.start, new_end);
    if (locked) (void)mm_populate(mm, remap.current, old_end, new_end);
    return remap.old;
  }
  if (!remap.has(kMremapMaymove)) return fail(ENOMEM);
  const auto room = room_for(remap, area);
  if (!room) return fail(ENOMEM);
  remap.new_address = *room;
  return move_vma(remap, area);
}

}  // namespace

SysResult<VirtAddr> sys_mremap(Mm& mm, const Current& current, const MremapRequest& request) {
  if (const int error = check_request(mm, request); error != 0) return fail(error);
  const Remap remap{mm,
                    current,
                    request.old,
                    page_align(mm, request.old_length),
                    page_align(mm, request.new_length),
                    request.flags,
                    request.new_address};
  const Vma* first = mm.find_vma(remap.old);
  if (first == nullptr || !first->contains(remap.old)) return fail(EFAULT);
  const bool one_area = remap.old_length <= first->end - remap.old;
  if (remap.has(kMremapFixed) && remap.old_length == remap.new_length && !one_area)
    return move_areas(remap);
  if (remap.has(kMremapFixed | kMremapDontunmap)) return remap_to(remap);
  if (remap.old_length < remap.new_length) return grow(remap);
  if (remap.old_length > remap.new_length) {
    const auto cut = unmap_region(mm, remap.old + remap.new_length, remap.old + remap.old_length);
    if (!cut) return fail(cut.error());
  }
  return remap.old;
}

}  // namespace pagesim::kernel
