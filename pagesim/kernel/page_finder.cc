// PageFinder: walking all tables and page caches.
#include "pagesim/kernel/page_finder.h"

#include <algorithm>
#include <set>

#include "pagesim/kernel/pte.h"

namespace pagesim::kernel {

namespace {

namespace flag = hardware::frame_flag;

template <class Entry>
bool by_frame(const Entry& a, const Entry& b) noexcept {
  return a.first < b.first;
}

/// The entries of a sorted list that are about a frame.
template <class Entry>
std::pair<typename std::vector<Entry>::const_iterator, typename std::vector<Entry>::const_iterator>
about(const std::vector<Entry>& sorted, FrameNumber frame) {
  return std::equal_range(sorted.begin(), sorted.end(), Entry{frame, {}}, by_frame<Entry>);
}

}  // namespace

void PageFinder::look_at(const std::shared_ptr<File>& file) {
  for (const std::uint64_t index : file->cached_pages(0, ~std::uint64_t{0}))
    file_pages_.push_back({file->find_page(index)->frame, {file, index}});
}

void PageFinder::look() {
  mappings_.clear();
  file_pages_.clear();
  std::set<const File*> seen;
  const auto once = [&](const std::shared_ptr<File>& file) {
    if (file && seen.insert(file.get()).second) look_at(file);
  };
  for (const auto& file : kernel_.files) once(file);
  for (Mm* mm : kernel_.address_spaces) {
    for (const Vma& vma : mm->areas()) once(vma.file);
    const Ptes ptes{*mm};
    mm->tables.visit(VirtAddr{}, mm->limits.task_size, [&](VirtAddr at, Entry* entry, unsigned) {
      if (ptes.mapped(*entry) && !ptes.is_zero_page(*entry))
        mappings_.push_back({ptes.frame(*entry), {mm, at}});
    });
  }
  std::stable_sort(mappings_.begin(), mappings_.end(), by_frame<decltype(mappings_)::value_type>);
  std::stable_sort(file_pages_.begin(), file_pages_.end(),
                   by_frame<decltype(file_pages_)::value_type>);
}

bool PageFinder::holds(FrameNumber frame, const PageMapping& mapping) const {
  const auto& alive = kernel_.address_spaces;
  if (std::find(alive.begin(), alive.end(), mapping.mm) == alive.end()) return false;
  const Ptes ptes{*mapping.mm};
  const Entry entry = *mapping.mm->tables.lowest(mapping.at).entry;
  return ptes.mapped(entry) && ptes.frame(entry) == frame;
}

std::vector<PageMapping> PageFinder::known_mappings(FrameNumber frame) const {
  std::vector<PageMapping> found;
  const auto [first, last] = about(mappings_, frame);
  for (auto at = first; at != last; ++at)
    if (holds(frame, at->second)) found.push_back(at->second);
  return found;
}

std::vector<PageMapping> PageFinder::mappings(FrameNumber frame) {
  std::vector<PageMapping> found = known_mappings(frame);
  if (found.size() == kernel_.memory.record(frame).mapcount) return found;
  look();
  return known_mappings(frame);
}

std::optional<PageFinder::FilePage> PageFinder::known_file_page(FrameNumber frame) const {
  const auto [first, last] = about(file_pages_, frame);
  for (auto at = first; at != last; ++at) {
    const auto file = at->second.file.lock();
    if (!file) continue;
    const CachedPage* page = file->find_page(at->second.index);
    if (page != nullptr && page->frame == frame) return FilePage{file, at->second.index};
  }
  return std::nullopt;
}

std::optional<PageFinder::FilePage> PageFinder::file_page(FrameNumber frame) {
  if (!kernel_.memory.record(frame).has(flag::PageCache)) return std::nullopt;
  if (auto found = known_file_page(frame)) return found;
  look();
  return known_file_page(frame);
}

}  // namespace pagesim::kernel
