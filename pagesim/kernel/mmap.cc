// mmap, munmap, brk: areas come and go.
#include <sys/mman.h>

#include "pagesim/kernel/areas.h"
#include "pagesim/kernel/file.h"
#include "pagesim/kernel/gup.h"
#include "pagesim/kernel/hugetlb.h"
#include "pagesim/kernel/placement.h"
#include "pagesim/kernel/syscalls.h"

namespace pagesim::kernel {

namespace {

constexpr int kTypeMask = 0x0f;  // MAP_TYPE

/// Lengths and addresses are multiples of it.
std::size_t granule(const Mm& mm, const MmapRequest& request) {
  return (request.flags & MAP_HUGETLB) != 0 ? mm.tables.span(1) : mm.page_size();
}

int check_request(const Mm& mm, const MmapRequest& request) {
  const int type = request.flags & kTypeMask;
  if (type != MAP_PRIVATE && type != MAP_SHARED && type != MAP_SHARED_VALIDATE) return EINVAL;
  if ((request.flags & MAP_ANONYMOUS) == 0 && !request.file) return EBADF;
  const bool stack = (request.flags & MAP_GROWSDOWN) != 0;
  if (stack && (request.file || type != MAP_PRIVATE)) return EINVAL;
  if (request.length == 0 || request.offset % mm.page_size() != 0) return EINVAL;
  const std::size_t length = page_align(mm, request.length);
  if (length == 0 || length > mm.limits.task_size.raw()) return ENOMEM;
  const bool fixed = (request.flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) != 0;
  if (!fixed) return 0;
  if (request.hint > mm.limits.task_size - length) return ENOMEM;
  if (!request.hint.is_aligned(granule(mm, request))) return EINVAL;
  return may_map_at(mm, request.hint) ? 0 : EPERM;
}

/// Private memory that can be stored to, unless nobody wants it reserved (accountable_mapping).
bool is_accountable(const MmapRequest& request) {
  return (request.flags & kTypeMask) == MAP_PRIVATE && (request.prot & PROT_WRITE) != 0 &&
         (request.flags & (MAP_NORESERVE | MAP_HUGETLB)) == 0;
}

std::uint32_t vm_flags(const MmapRequest& request) {
  std::uint32_t flags = 0;
  if ((request.flags & kTypeMask) != MAP_PRIVATE) flags |= vm_flag::Shared;
  if ((request.flags & MAP_GROWSDOWN) != 0) flags |= vm_flag::Growsdown;
  if ((request.flags & MAP_LOCKED) != 0) flags |= vm_flag::Locked;
  if ((request.flags & MAP_NORESERVE) != 0) flags |= vm_flag::Noreserve;
  if ((request.flags & MAP_HUGETLB) != 0) flags |= vm_flag::Hugetlb;
  if (is_accountable(request)) flags |= vm_flag::Account;
  return flags;
}

/// A hint is taken when its room is free, with the guard gap of a growing area above it.
bool is_hint_free(Mm& mm, VirtAddr at, std::size_t length) {
  const MmLimits& limits = mm.limits;
  const VirtAddr end = at > limits.map_window ? limits.task_size : limits.map_window;
  if (length > end.raw() || at > end - length) return false;
  const Vma* above = mm.find_vma(at);
  return above == nullptr || (above->start > at && at + length <= mm.start_with_gap(*above));
}

std::optional<VirtAddr> find_room(Mm& mm, const MmapRequest& request, std::size_t length,
                                  VirtAddr hint) {
  if ((request.flags & MAP_HUGETLB) != 0)
    return get_unmapped_area(mm, length, granule(mm, request), hint);
  const bool anonymous = (request.flags & MAP_ANONYMOUS) != 0;
  if (anonymous && (request.flags & kTypeMask) != MAP_PRIVATE)  // shared memory, of no file yet
    return get_unmapped_area(mm, length, 1, hint);
  return choose_area(
      mm, {length, anonymous ? nullptr : request.file.get(), anonymous ? 0 : request.offset, hint});
}

SysResult<VirtAddr> choose_address(Mm& mm, const MmapRequest& request, std::size_t length) {
  if ((request.flags & MAP_FIXED_NOREPLACE) == MAP_FIXED_NOREPLACE &&
      !mm.is_free(request.hint, request.hint + length))
    return fail(EEXIST);
  if ((request.flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) != 0) return request.hint;
  const VirtAddr lowest{mm.kernel.profile.mmap_min_addr};
  const VirtAddr hint = request.hint.align_down(granule(mm, request));
  if (!hint.is_null() && is_hint_free(mm, std::max(hint, lowest), length))
    return std::max(hint, lowest);
  const auto found = find_room(mm, request, length, hint);
  if (!found) return fail(ENOMEM);
  return *found;
}

bool is_data(const Vma& vma) {
  return !vma.is_shared() && (vma.prot & PROT_WRITE) != 0 && !vma.has(vm_flag::Growsdown);
}

/// Shared anonymous memory is a file without a name, as long as the mapping is now.
std::shared_ptr<File> shmem_zero_setup(const Mm& mm, std::size_t length) {
  return std::make_shared<File>(mm.kernel.memory, mm.tables.geometry(), "/dev/zero (deleted)",
                                FileSystem::Tmpfs, length);
}

Vma make_vma(const Mm& mm, const MmapRequest& request, VirtAddr start, std::size_t length) {
  Vma vma;
  vma.start = start;
  vma.end = start + length;
  vma.flags = vm_flags(request);
  vma.prot = static_cast<std::uint8_t>(request.prot & (PROT_READ | PROT_WRITE | PROT_EXEC));
  const bool anonymous = (request.flags & MAP_ANONYMOUS) != 0;
  if (!anonymous)
    vma.file = request.file;
  else if (vma.is_shared())
    vma.file = shmem_zero_setup(mm, length);
  const std::uint64_t offset = anonymous && vma.is_shared() ? 0 : request.offset;
  vma.pgoff = (vma.file ? offset : start.raw()) >> mm.page_shift();
  return vma;
}

bool wants_populate(const MmapRequest& request) {
  if ((request.flags & MAP_LOCKED) != 0) return true;
  return (request.flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE;
}

}  // namespace

SysResult<VirtAddr> sys_mmap(Mm& mm, const Current& current, const MmapRequest& request) {
  if (const int error = check_request(mm, request); error != 0) return fail(error);
  const std::size_t length =
      (request.length + granule(mm, request) - 1) & ~(granule(mm, request) - 1);
  const auto start = choose_address(mm, request, length);
  if (!start) return start;
  if (!room_for_areas(mm, 1)) return fail(ENOMEM);
  Vma vma = make_vma(mm, request, *start, length);
  if (vma.has(vm_flag::Hugetlb) && !hugetlb_has_room(mm, length)) return fail(ENOMEM);
  if (!may_expand_vm(mm, length, is_data(vma))) return fail(ENOMEM);
  if (is_data(vma) && !vma.has(vm_flag::Noreserve) && !enough_memory(mm, length))
    return fail(ENOMEM);
  if (const auto freed = unmap_region(mm, vma.start, vma.end); !freed) return fail(freed.error());
  mm.insert(std::move(vma));
  if (wants_populate(request)) (void)mm_populate(mm, current, *start, *start + length);
  return start;
}

SysResult<Done> sys_munmap(Mm& mm, VirtAddr at, std::size_t length) {
  const std::size_t bytes = page_align(mm, length);
  if (!at.is_aligned(mm.page_size()) || bytes == 0 || at > mm.limits.task_size ||
      bytes > mm.limits.task_size - at)
    return fail(EINVAL);
  for (const VirtAddr edge : {at, at + bytes}) {  // huge pages of a pool are never cut
    const Vma* vma = mm.find_vma(edge);
    const bool inside = vma != nullptr && vma->start < edge && vma->has(vm_flag::Hugetlb);
    if (inside && !edge.is_aligned(mm.tables.span(1))) return fail(EINVAL);
  }
  return unmap_region(mm, at, at + bytes);
}

namespace {

/// Whether the break may move up to `end`, both page aligned.
bool can_grow_brk(Mm& mm, VirtAddr start, VirtAddr end) {
  if (end > mm.limits.task_size || end - mm.start_brk > mm.limits.data) return false;
  const Vma* above = mm.find_vma(start);
  if (above != nullptr && end + mm.page_size() > mm.start_with_gap(*above)) return false;
  return may_expand_vm(mm, end - start, true) && room_for_areas(mm, 1) &&
         enough_memory(mm, end - start);
}

}  // namespace

VirtAddr sys_brk(Mm& mm, const Current& current, VirtAddr wanted) {
  if (wanted < mm.start_brk) return mm.brk;
  const VirtAddr old_end = mm.brk.align_up(mm.page_size());
  const VirtAddr new_end = wanted.align_up(mm.page_size());
  if (new_end < old_end) {
    if (!unmap_region(mm, new_end, old_end)) return mm.brk;
  } else if (new_end > old_end) {
    if (!can_grow_brk(mm, old_end, new_end)) return mm.brk;
    Vma vma;
    vma.start = old_end;
    vma.end = new_end;
    vma.prot = PROT_READ | PROT_WRITE;
    vma.flags = vm_flag::Account;
    vma.pgoff = old_end.raw() >> mm.page_shift();
    const Vma& heap = mm.insert(std::move(vma));
    if (heap.has(vm_flag::Locked)) (void)mm_populate(mm, current, old_end, new_end);
  }
  return mm.brk = wanted;
}

}  // namespace pagesim::kernel
