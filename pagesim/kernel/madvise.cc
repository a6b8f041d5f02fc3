// madvise: advice that changes flags, drops pages, or makes them present.
#include <sys/mman.h>

#include "pagesim/kernel/anon.h"
#include "pagesim/kernel/arch.h"
#include "pagesim/kernel/areas.h"
#include "pagesim/kernel/file.h"
#include "pagesim/kernel/gup.h"
#include "pagesim/kernel/huge.h"
#include "pagesim/kernel/ksm.h"
#include "pagesim/kernel/page_cache.h"
#include "pagesim/kernel/pte.h"
#include "pagesim/kernel/readahead.h"
#include "pagesim/kernel/reclaim.h"
#include "pagesim/kernel/swap_readahead.h"
#include "pagesim/kernel/syscalls.h"
#include "pagesim/kernel/version.h"
#include "pagesim/kernel/zap.h"
#include "pagesim/uapi.h"

namespace pagesim::kernel {

namespace {

namespace flag = hardware::frame_flag;

struct Advised {
  Mm& mm;
  const Current& current;
  VirtAddr start;
  VirtAddr end;
};

/// Advice that only sets and clears flags of areas.
struct FlagChange {
  std::uint32_t set = 0;
  std::uint32_t clear = 0;
};

std::optional<FlagChange> flag_change(int advice) {
  using namespace vm_flag;
  switch (advice) {
    case MADV_NORMAL:
      return FlagChange{0, RandomRead | SequentialRead};
    case MADV_RANDOM:
      return FlagChange{RandomRead, SequentialRead};
    case MADV_SEQUENTIAL:
      return FlagChange{SequentialRead, RandomRead};
    case MADV_DONTFORK:
      return FlagChange{DontFork, 0};
    case MADV_DOFORK:
      return FlagChange{0, DontFork};
    case MADV_WIPEONFORK:
      return FlagChange{WipeOnFork, 0};
    case MADV_KEEPONFORK:
      return FlagChange{0, WipeOnFork};
    case MADV_HUGEPAGE:
      return FlagChange{Hugepage, NoHugepage};
    case MADV_NOHUGEPAGE:
      return FlagChange{NoHugepage, Hugepage};
    case MADV_MERGEABLE:
      return FlagChange{Mergeable, 0};
    case MADV_UNMERGEABLE:
      return FlagChange{0, Mergeable};
    default:
      return std::nullopt;
  }
}

SysResult<Done> change_flags(const Advised& range, int advice, const FlagChange& change) {
  return change_areas(range.mm, range.start, range.end, AtHole::GoOn, [&](Vma& vma) {
    if (advice == MADV_WIPEONFORK && (vma.file || vma.is_shared())) return EINVAL;
    if (advice == MADV_MERGEABLE && vma.has(vm_flag::Shared | vm_flag::Hugetlb)) return 0;
    if (advice == MADV_UNMERGEABLE && vma.has(vm_flag::Mergeable)) {
      const int error = unmerge_ksm_pages(range.mm, range.current, vma.start, vma.end);
      if (error != 0) return error;
    }
    vma.flags = (vma.flags & ~change.clear) | change.set;
    return 0;
  });
}

/// Calls act(Vma&, start, end) for the part of each area within the range, cutting nothing.
template <class Act>
SysResult<Done> for_each_part(const Advised& range, Act&& act) {
  bool hole = false;
  for (VirtAddr at = range.start; at < range.end;) {
    Vma* vma = range.mm.find_vma(at);
    if (vma == nullptr || vma->start >= range.end) return fail(ENOMEM);
    hole |= vma->start > at;
    const VirtAddr end = std::min(vma->end, range.end);
    if (const int error = act(*vma, std::max(at, vma->start), end); error != 0) return fail(error);
    at = end;
  }
  if (hole) return fail(ENOMEM);
  return Done{};
}

/// Gives back the leaf tables an emptied part covers whole (PT_RECLAIM).
void reclaim_tables(Mm& mm, VirtAddr start, VirtAddr end) {
  if (!mm.kernel.profile.dontneed_frees_tables || !supports_pt_reclaim(mm)) return;
  const std::uint64_t span = mm.tables.span(1);
  bool freed = false;
  for (VirtAddr at = start.align_up(span); at < end && end - at >= span; at += span) {
    bool empty = true;
    mm.tables.visit(at, at + span, [&](VirtAddr, const Entry*, unsigned) { empty = false; });
    freed |= empty && mm.tables.free_leaf_table(at);
  }
  if (freed) mm.flush_tlb_tables(start, end, TableChange::FreeTables);
}

SysResult<Done> dontneed(const Advised& range) {
  return for_each_part(range, [&](const Vma& vma, VirtAddr start, VirtAddr end) {
    if (vma.has(vm_flag::Locked)) return EINVAL;
    zap_range(range.mm, start, end, Markers::Keep);
    reclaim_tables(range.mm, start, end);
    return 0;
  });
}

/// Whether a page that others map too can be given up by one of them: not if the kernel stored to
/// it through a pin, which made the page itself dirty, or a swap slot may be behind it.
bool can_free_shared(const hardware::FrameRecord& page) {
  return page.order() == 0 && !page.has(flag::Dirty | flag::SwapCache | flag::Ksm);
}

/// One entry of MADV_FREE: the page becomes clean, to be dropped when memory is short and nobody
/// else has it dirty; one in swap is dropped now.
void lazy_free_entry(const Advised& range, VirtAddr at, Entry* entry) {
  Mm& mm = range.mm;
  const Ptes ptes{mm};
  if (ptes.kind(*entry) == NonPresent::Swap) return zap_entry(mm, entry);
  if (!ptes.mapped(*entry) || ptes.is_zero_page(*entry)) return;
  const bool alone = advise_folio(mm, at, entry, 0, range.start, range.end) != Advisable::Not;
  if (ptes.is_zero_page(*entry)) return;  // by now
  const FrameNumber frame = ptes.frame(*entry);
  hardware::FrameRecord& page = mm.kernel.memory.record(frame);
  if (!alone && !can_free_shared(page)) return;
  if (alone && !mm.kernel.swap.try_to_free(frame)) return;
  page.clear(flag::Dirty);
  page.set(flag::LazyFree);
  *entry = ptes.mkold(ptes.mkclean(*entry));
}

void lazy_free_block(const Advised& range, VirtAddr at, Entry* pmd) {
  Mm& mm = range.mm;
  const Ptes ptes{mm};
  if (advise_folio(mm, at, pmd, 1, range.start, range.end) != Advisable::Whole) return;
  mark_block(mm, ptes.frame(*pmd), flag::LazyFree, true);
  *pmd = ptes.mkold(ptes.mkclean(*pmd));
}

/// Whether an area has had a page of its own and holds a whole block.
bool can_have_huge_page(const Mm& mm, const Vma& vma) {
  const std::uint64_t span = mm.tables.span(1);
  const bool holds_block = vma.start.align_up(span) + span <= vma.end;
  return vma.is_anonymous() && !vma.has(vm_flag::NoHugepage) && holds_block &&
         vma.anon_vma != AnonVma::None;
}

/// MADV_COLLAPSE of every whole block of the range.
SysResult<Done> collapse(const Advised& range) {
  Mm& mm = range.mm;
  const std::uint64_t span = mm.tables.span(1);
  return for_each_part(range, [&](Vma& vma, VirtAddr start, VirtAddr end) {
    if (!can_have_huge_page(mm, vma)) return EINVAL;
    if (start.align_up(span) > end.align_down(span)) return EINVAL;  // within one block
    int error = 0;
    for (VirtAddr at = start.align_up(span); at < end && end - at >= span && error == 0; at += span)
      error = collapse_block(mm, vma, at);
    return error;
  });
}

SysResult<Done> lazy_free(const Advised& range) {
  Mm& mm = range.mm;
  return for_each_part(range, [&](const Vma& vma, VirtAddr start, VirtAddr end) {
    if (!vma.is_anonymous() || vma.has(vm_flag::Locked)) return EINVAL;
    const Advised part{mm, range.current, start, end};
    mm.tables.visit(start, end, [&](VirtAddr at, Entry* entry, unsigned level) {
      if (level == 0)
        lazy_free_entry(part, at, entry);
      else
        lazy_free_block(part, at, entry);
    });
    mm.flush_tlb(start, end, TableChange::LazyFree);
    return 0;
  });
}

SysResult<Done> pageout(const Advised& range) {
  return for_each_part(range, [&](const Vma& vma, VirtAddr start, VirtAddr end) {
    if (vma.has(vm_flag::Locked)) return EINVAL;
    pageout_range(range.mm, vma, start, end);
    return 0;
  });
}

SysResult<Done> install_guards(const Advised& range) {
  Mm& mm = range.mm;
  return for_each_part(range, [&](Vma& vma, VirtAddr start, VirtAddr end) {
    if (vma.has(vm_flag::Locked)) return EINVAL;
    vma.guarded = true;
    if (vma.is_anonymous()) anon_vma_prepare(mm, vma);
    zap_range(mm, start, end);
    for (VirtAddr at = start; at < end; at += mm.page_size()) {
      Entry* entry = mm.tables.find_or_make(at);
      if (entry == nullptr) return ENOMEM;
      *entry = make_nonpresent(NonPresent::Guard);
    }
    return 0;
  });
}

SysResult<Done> remove_guards(const Advised& range) {
  const Ptes ptes{range.mm};
  return for_each_part(range, [&](const Vma&, VirtAddr start, VirtAddr end) {
    range.mm.tables.visit(start, end, [&](VirtAddr, Entry* entry, unsigned) {
      if (ptes.kind(*entry) == NonPresent::Guard) *entry = 0;
    });
    return 0;
  });
}

SysResult<Done> populate(const Advised& range, Access access) {
  const int needed = access == Access::Write ? PROT_WRITE : PROT_READ;
  for (VirtAddr at = range.start; at < range.end;) {
    const Vma* vma = range.mm.find_vma(at);
    if (vma == nullptr || vma->start > at) return fail(ENOMEM);
    if ((vma->prot & needed) == 0) return fail(EINVAL);
    const GupRequest request{at, std::min(range.end, vma->end), access};
    const auto done = get_user_pages(range.mm, range.current, request);
    if (!done) return fail(done.error());
    if (*done < request.end - request.start) return fail(EFAULT);
    at = request.end;
  }
  return Done{};
}

/// MADV_WILLNEED: a file's pages are read, swapped ones come into the swap cache.
SysResult<Done> willneed(const Advised& range) {
  Mm& mm = range.mm;
  const Ptes ptes{mm};
  return for_each_part(range, [&](const Vma& vma, VirtAddr start, VirtAddr end) {
    bool read = true;
    mm.tables.visit(start, end, [&](VirtAddr, const Entry* entry, unsigned) {
      if (ptes.kind(*entry) == NonPresent::Swap)
        read &= read_swap_cache(mm.kernel, ptes.swap_slot(*entry), false);
    });
    if (vma.is_anonymous() || vma.file->is_shmem()) return read ? 0 : ENOMEM;
    const std::uint64_t first = vma.pgoff + ((start - vma.start) >> mm.page_shift());
    const std::uint64_t pages = (end - start) >> mm.page_shift();
    return force_readahead(*vma.file, first, first + pages - 1) && read ? 0 : ENOMEM;
  });
}

/// MADV_REMOVE: a hole in the file behind a shared mapping, whatever its protection.
SysResult<Done> remove(const Advised& range) {
  return for_each_part(range, [&](const Vma& vma, VirtAddr start, VirtAddr end) {
    if (vma.has(vm_flag::Locked) || !vma.file) return EINVAL;
    if (!vma.is_shared()) return EACCES;
    const unsigned shift = range.mm.page_shift();
    const std::uint64_t first = vma.pgoff + ((start - vma.start) >> shift);
    const std::shared_ptr<File> file = vma.file;
    punch_hole(range.mm.kernel, *file, {first, first + ((end - start) >> shift) - 1});
    return 0;
  });
}

/// MADV_COLD: pages to reclaim first; none leaves memory now. Folios of which only a part is cold
/// fall apart.
SysResult<Done> cold(const Advised& range) {
  Mm& mm = range.mm;
  const Ptes ptes{mm};
  return for_each_part(range, [&](const Vma& vma, VirtAddr start, VirtAddr end) {
    if (vma.has(vm_flag::Locked)) return EINVAL;
    mm.tables.visit(start, end, [&](VirtAddr at, Entry* entry, unsigned level) {
      if (!ptes.mapped(*entry) || ptes.is_zero_page(*entry)) return;
      if (mm.kernel.memory.record(ptes.frame(*entry)).has(flag::Anon))
        (void)advise_folio(mm, at, entry, level, start, end);
    });
    return 0;
  });
}

}  // namespace

SysResult<Done> swap_out_range(Mm& mm, VirtAddr at, std::size_t length) {
  const Current nobody;
  const Advised range{mm, nobody, at.align_down(mm.page_size()), at + page_align(mm, length)};
  mm.kernel.swap.history = {};
  return for_each_part(range, [&](const Vma& vma, VirtAddr start, VirtAddr end) {
    pageout_range(mm, vma, start, end);
    drop_swap_cache(mm, vma, start, end);
    return 0;
  });
}

SysResult<Done> sys_madvise(Mm& mm, const Current& current, VirtAddr at, std::size_t length,
                            int advice) {
  const std::size_t bytes = page_align(mm, length);
  if (!at.is_aligned(mm.page_size()) || bytes < length || at + bytes < at) return fail(EINVAL);
  const Advised range{mm, current, at, at + bytes};
  if (!knows_advice(mm.kernel.profile, advice)) return fail(EINVAL);
  const auto change = flag_change(advice);
  if (change && bytes != 0) return change_flags(range, advice, *change);
  if (change || bytes == 0) return Done{};
  switch (advice) {
    case MADV_DONTNEED:
      return dontneed(range);
    case MADV_FREE:
      return lazy_free(range);
    case MADV_WILLNEED:
      return willneed(range);
    case MADV_REMOVE:
      return remove(range);
    case kMadvCold:
      return cold(range);
    case kMadvCollapse:
      return collapse(range);
    case kMadvPageout:
      return pageout(range);
    case kMadvPopulateRead:
      return populate(range, Access::Read);
    case kMadvPopulateWrite:
      return populate(range, Access::Write);
    case kMadvGuardInstall:
      return install_guards(range);
    case kMadvGuardRemove:
      return remove_guards(range);
    default:
      return fail(EINVAL);
  }
}

}  // namespace pagesim::kernel
