// vmscan: which pages leave memory when there is too little of it, and how.
#include <algorithm>

#include "pagesim/kernel/huge.h"
#include "pagesim/kernel/mem_cgroup.h"
#include "pagesim/kernel/pte.h"
#include "pagesim/kernel/reclaim.h"

namespace pagesim::kernel {

namespace {

namespace flag = hardware::frame_flag;

constexpr LruList active(LruList inactive) noexcept {
  return inactive == LruList::InactiveAnon ? LruList::ActiveAnon : LruList::ActiveFile;
}

/// One round of reclaim.
struct Scan {
  Kernel& kernel;
  Lruvec& lru;
  PageFinder& finder;
  std::size_t scanned = 0;
  std::size_t freed = 0;
};

/// A frame that is no page in memory any more: nobody maps it and no cache has it.
bool is_gone(const Kernel& kernel, FrameNumber frame) {
  const hardware::FrameRecord& page = kernel.memory.record(frame);
  if (page.has(flag::Table)) return true;
  return page.mapcount == 0 && !page.has(flag::PageCache | flag::SwapCache) && page.order() == 0;
}

/// Whether the page is a folio's, but not its first: it goes with that one, and keeps it company on
/// the lists.
bool is_tail(const Kernel& kernel, FrameNumber frame) { return folio_head(kernel, frame) != frame; }

struct Use {
  unsigned entries = 0;     ///< through how many the page was used since last time
  bool executable = false;  ///< one of them in an area of code
};

/// folio_referenced: reads and clears the accessed bits. As on x86 nobody asks the TLB to forget.
Use take_use(const std::vector<PageMapping>& mappings) {
  Use use;
  for (const PageMapping& mapping : mappings) {
    const Ptes ptes{*mapping.mm};
    Entry* entry = mapping.mm->tables.lowest(mapping.at).entry;
    if (!ptes.young(*entry)) continue;
    *entry = ptes.mkold(*entry);
    ++use.entries;
    const Vma* vma = mapping.mm->find_vma(mapping.at);
    use.executable |= vma != nullptr && (vma->prot & PROT_EXEC) != 0;
  }
  return use;
}

enum class Verdict : std::uint8_t { Reclaim, Keep, Activate };

/// folio_check_references: a page that was used once gets another round, one used again, by several
/// or as a file's code stays. A new page was used once.
Verdict check_references(Scan& scan, FrameNumber frame, LruList list,
                         const std::vector<PageMapping>& mappings) {
  const Use use = take_use(mappings);
  if (use.entries == 0) return Verdict::Reclaim;
  const bool code = use.executable && list == LruList::InactiveFile;
  const bool before = scan.lru.is_referenced(frame);
  scan.lru.set_referenced(frame, true);
  return before || use.entries > 1 || code ? Verdict::Activate : Verdict::Keep;
}

bool is_locked(const std::vector<PageMapping>& mappings) {
  return std::any_of(mappings.begin(), mappings.end(), [](const PageMapping& mapping) {
    const Vma* vma = mapping.mm->find_vma(mapping.at);
    return vma != nullptr && vma->has(vm_flag::Locked);
  });
}

/// Looks at the oldest page of an inactive list: it leaves memory, or goes elsewhere.
void shrink_inactive_page(Scan& scan, LruList list, FrameNumber frame) {
  if (is_gone(scan.kernel, frame)) return scan.lru.remove(frame);
  if (is_tail(scan.kernel, frame)) return scan.lru.add(active(list), frame);
  const auto mappings = scan.finder.mappings(frame);
  if (is_locked(mappings)) return scan.lru.add(list, frame);
  switch (check_references(scan, frame, list, mappings)) {
    case Verdict::Activate:
      return scan.lru.add(active(list), frame);
    case Verdict::Keep:
      return scan.lru.add(list, frame);
    case Verdict::Reclaim:
      break;
  }
  const std::uint64_t before = scan.kernel.memory.frames_in_use();
  scan.lru.add(list, frame);  // if it stays after all
  reclaim_page(scan.kernel, frame, mappings, scan.finder.file_page(frame));
  scan.freed += before - scan.kernel.memory.frames_in_use();
  if (is_gone(scan.kernel, frame)) scan.lru.remove(frame);
}

/// The oldest active page becomes the newest inactive one; a file's page of code that was used
/// stays.
void shrink_active_page(Scan& scan, LruList inactive, FrameNumber frame) {
  if (is_gone(scan.kernel, frame)) return scan.lru.remove(frame);
  if (is_tail(scan.kernel, frame)) return scan.lru.add(inactive, frame);
  const Use use = take_use(scan.finder.mappings(frame));
  const bool stays = use.executable && inactive == LruList::InactiveFile;
  scan.lru.add(stays ? active(inactive) : inactive, frame);
}

/// The active pages are the fewer, so that a page has time to be used.
void balance(Scan& scan, LruList inactive) {
  for (std::size_t i = 0; i < kSwapClusterMax; ++i) {
    if (scan.lru.size(inactive) >= scan.lru.size(active(inactive))) return;
    ++scan.scanned;
    shrink_active_page(scan, inactive, *scan.lru.oldest(active(inactive)));
  }
}

/// Files' pages and others take turns by age. Linux weighs them by what reading them again has cost
/// so far, and by swappiness.
void shrink_inactive(Scan& scan) {
  for (std::size_t i = 0; i < kSwapClusterMax; ++i) {
    const LruList list = scan.lru.older(LruList::InactiveAnon, LruList::InactiveFile);
    if (list == LruList::None) return;
    ++scan.scanned;
    shrink_inactive_page(scan, list, *scan.lru.oldest(list));
  }
}

}  // namespace

std::size_t shrink_lruvec(Kernel& kernel, Lruvec& lru, PageFinder& finder) {
  if (lru.size() > kernel.memory.frames_in_use())
    lru.remove_if([&](FrameNumber frame) { return is_gone(kernel, frame); });
  Scan scan{kernel, lru, finder};
  // Every page is looked at twice, and once more on the active list, before nothing can be done.
  const std::size_t most = 6 * (lru.size() + kSwapClusterMax);
  while (scan.freed < kSwapClusterMax && scan.scanned < most) {
    const std::size_t before = scan.scanned;
    balance(scan, LruList::InactiveFile);
    balance(scan, LruList::InactiveAnon);
    shrink_inactive(scan);
    if (scan.scanned == before) break;
  }
  return scan.freed;
}

}  // namespace pagesim::kernel
