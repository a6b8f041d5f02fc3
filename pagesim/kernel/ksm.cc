// ksm: finding pages that are alike, and merging them.
#include "pagesim/kernel/ksm.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "pagesim/kernel/gup.h"
#include "pagesim/kernel/huge.h"
#include "pagesim/kernel/pte.h"
#include "pagesim/kernel/rmap.h"

namespace pagesim::kernel {

namespace {

namespace flag = hardware::frame_flag;

constexpr unsigned kMaxPageSharing = 256;

/// A page that may be merged.
struct Candidate {
  Mm* mm = nullptr;
  VirtAddr at;
};

/// Pages that are alike, by their bytes without zeros at the end.
using Alike = std::map<std::string, std::vector<Candidate>>;

/// The bytes of a frame; nothing if nobody knows them.
std::optional<std::string> bytes_of(const Mm& mm, FrameNumber frame) {
  const hardware::FrameRecord& page = mm.kernel.memory.record(frame);
  if (page.content == 0) return page.has(flag::Nonzero) ? std::nullopt : std::optional{""};
  std::string bytes(mm.page_size(), '\0');
  const PhysAddr at{std::uint64_t{static_cast<std::uint32_t>(frame)} << mm.page_shift()};
  mm.kernel.memory.read(at, bytes.data(), bytes.size());
  bytes.erase(bytes.find_last_not_of('\0') + 1);
  return bytes;
}

void collect_entry(Mm& mm, VirtAddr at, const Entry* entry, unsigned level, Alike& alike) {
  const Ptes ptes{mm};
  if (!ptes.mapped(*entry) || ptes.is_zero_page(*entry)) return;
  const hardware::FrameRecord& page = mm.kernel.memory.record(ptes.frame(*entry));
  if (!page.has(flag::Anon) || page.has(flag::HugeZero | flag::Hugetlb)) return;
  if (page.order() > 0 && !is_folio_exclusive(mm, at, ptes.frame(*entry))) return;
  for (std::size_t i = 0; i < mm.tables.span(level); i += mm.page_size()) {
    const auto bytes = bytes_of(mm, *mapped_frame(mm, at + i));
    if (bytes) alike[*bytes].push_back({&mm, at + i});
  }
}

Alike collect(Kernel& kernel) {
  Alike alike;
  for (Mm* mm : kernel.address_spaces) {
    for (const Vma& vma : mm->areas()) {
      if (!vma.has(vm_flag::Mergeable)) continue;
      mm->tables.visit(vma.start, vma.end, [&](VirtAddr at, const Entry* entry, unsigned level) {
        collect_entry(*mm, at, entry, level, alike);
      });
    }
  }
  return alike;
}

/// A page's own entry and frame; a huge page it is part of has fallen apart by then.
Entry* lone_entry(const Candidate& page) {
  Mm& mm = *page.mm;
  const auto [entry, level] = mm.tables.lowest(page.at);
  if (level > 0) split_huge_pmd(mm, page.at.align_down(mm.tables.span(1)), *entry);
  Entry* own = mm.tables.find(page.at);
  const FrameNumber frame = Ptes{mm}.frame(*own);
  if (mm.kernel.memory.record(frame).order() > 0)
    split_folio(mm.kernel, folio_head(mm.kernel, frame));
  return own;
}

void flush_page(const Candidate& page) {
  page.mm->flush_tlb(page.at, page.at + page.mm->page_size(), TableChange::Merge);
}

/// The page becomes one others are merged with.
FrameNumber make_ksm_page(const Candidate& page) {
  Entry* const entry = lone_entry(page);
  const Ptes ptes{*page.mm};
  *entry = ptes.wrprotect(*entry);
  hardware::FrameRecord& frame = page.mm->kernel.memory.record(ptes.frame(*entry));
  frame.clear(flag::Exclusive | flag::LazyFree);
  frame.set(flag::Ksm);
  flush_page(page);
  return ptes.frame(*entry);
}

void replace_page(const Candidate& page, FrameNumber merged) {
  Entry* const entry = lone_entry(page);
  const Ptes ptes{*page.mm};
  const FrameNumber old = ptes.frame(*entry);
  *entry = ptes.wrprotect(ptes.with_frame(*entry, merged));
  page_add_rmap(*page.mm, merged);
  page_remove_rmap(*page.mm, old);
  flush_page(page);
}

FrameNumber frame_of(const Candidate& page) { return *mapped_frame(*page.mm, page.at); }

/// Merged pages of the group that take more, and its pages that are not merged yet.
struct Group {
  std::vector<FrameNumber> merged;
  std::vector<Candidate> others;
};

Group sort_out(const Kernel& kernel, const std::vector<Candidate>& pages) {
  Group group;
  for (const Candidate& page : pages) {
    const FrameNumber frame = frame_of(page);
    if (!kernel.memory.record(frame).has(flag::Ksm))
      group.others.push_back(page);
    else if (std::find(group.merged.begin(), group.merged.end(), frame) == group.merged.end())
      group.merged.push_back(frame);
  }
  return group;
}

/// Pages forked from one are alike without being merged.
bool are_one(const std::vector<Candidate>& pages) {
  return std::all_of(pages.begin(), pages.end(), [&](const Candidate& page) {
    return frame_of(page) == frame_of(pages.front());
  });
}

void merge(Kernel& kernel, const std::vector<Candidate>& pages) {
  Group group = sort_out(kernel, pages);
  if (group.others.empty() || (group.merged.empty() && are_one(group.others))) return;
  for (const Candidate& page : group.others) {
    if (kernel.memory.record(frame_of(page)).has(flag::Ksm)) continue;  // forked from one that is
    const auto room = std::find_if(group.merged.begin(), group.merged.end(), [&](FrameNumber f) {
      return kernel.memory.record(f).mapcount < kMaxPageSharing;
    });
    if (room == group.merged.end())
      group.merged.push_back(make_ksm_page(page));
    else
      replace_page(page, *room);
  }
}

}  // namespace

void ksm_scan(Kernel& kernel) {
  for (const auto& [bytes, pages] : collect(kernel)) merge(kernel, pages);
}

int unmerge_ksm_pages(Mm& mm, const Current& current, VirtAddr start, VirtAddr end) {
  const Ptes ptes{mm};
  std::vector<VirtAddr> merged;
  mm.tables.visit(start, end, [&](VirtAddr at, const Entry* entry, unsigned level) {
    if (level > 0 || !ptes.mapped(*entry) || ptes.is_zero_page(*entry)) return;
    if (mm.kernel.memory.record(ptes.frame(*entry)).has(flag::Ksm)) merged.push_back(at);
  });
  for (const VirtAddr at : merged) {
    const FaultRequest request{at, Access::Read, Mode::Gup, 0, {}, true};
    VmFault vmf{mm, *mm.find_vma(at), current, request};
    if (handle_mm_fault(vmf) == FaultResult::Oom) return ENOMEM;
  }
  return 0;
}

}  // namespace pagesim::kernel
