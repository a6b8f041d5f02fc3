// File: pages come into memory and leave it.
#include "pagesim/kernel/file.h"

#include "pagesim/check.h"

namespace pagesim::kernel {

namespace flag = hardware::frame_flag;

File::File(hardware::PhysicalMemory& memory, const hardware::Geometry& geometry, std::string name,
           FileSystem fs, std::uint64_t bytes)
    : memory_{memory},
      page_shift_{geometry.page_shift},
      page_size_{geometry.page_size()},
      name_{std::move(name)},
      fs_{fs},
      bytes_{bytes} {}

File::~File() {
  for (const auto& [index, page] : pages_) memory_.free(page.frame);
}

CachedPage* File::find_page(std::uint64_t index) noexcept {
  const auto found = pages_.find(index);
  return found == pages_.end() ? nullptr : &found->second;
}

CachedPage* File::add_page(std::uint64_t index) {
  if (CachedPage* present = find_page(index)) {
    present->uptodate = true;
    return present;
  }
  const auto frame = memory_.allocate();
  return frame ? place(index, *frame) : nullptr;
}

bool File::add_folio(std::uint64_t index, unsigned order) {
  const auto head = memory_.allocate(order);
  if (!head) return false;
  for (std::uint32_t i = 0; i < std::uint32_t{1} << order; ++i)
    place(index + i, FrameNumber{static_cast<std::uint32_t>(*head) + i});
  return true;
}

/// A fresh frame becomes a page of the file, with the bytes the disk has of it.
CachedPage* File::place(std::uint64_t index, FrameNumber frame) {
  hardware::FrameRecord& record = memory_.record(frame);
  record.set(flag::PageCache);
  if (is_shmem()) record.set(flag::Shmem | flag::Dirty);
  if (const auto stored = disk_.find(index); stored != disk_.end()) {
    const std::uint64_t at = std::uint64_t{static_cast<std::uint32_t>(frame)} << page_shift_;
    memory_.write(PhysAddr{at}, stored->second.data(), page_size_);
    disk_.erase(stored);
  }
  swapped_.erase(index);
  return &pages_.emplace(index, CachedPage{frame}).first->second;
}

File::Folio File::folio_of(std::uint64_t index) noexcept {
  const CachedPage* page = find_page(index);
  const unsigned order = page == nullptr ? 0 : memory_.record(page->frame).order();
  const std::uint64_t pages = std::uint64_t{1} << order;
  return {index & ~(pages - 1), pages};
}

bool File::has_readahead_mark(std::uint64_t index) noexcept {
  const CachedPage* head = find_page(folio_of(index).first);
  return head != nullptr && head->readahead_mark;
}

void File::take_readahead_mark(std::uint64_t index) noexcept {
  if (CachedPage* head = find_page(folio_of(index).first)) head->readahead_mark = false;
}

void File::split_folio(std::uint64_t index) noexcept {
  const Folio folio = folio_of(index);
  for (std::uint64_t i = folio.first; i < folio.first + folio.pages; ++i)
    if (const CachedPage* page = find_page(i)) memory_.record(page->frame).set_order(0);
}

void File::remove_page(std::uint64_t index, bool keep) {
  const auto found = pages_.find(index);
  if (found == pages_.end()) return;
  const FrameNumber frame = found->second.frame;
  check(memory_.record(frame).mapcount == 0, "a page that leaves the page cache is not mapped");
  if (keep && memory_.record(frame).content != 0) {
    std::vector<std::byte> bytes(page_size_);
    memory_.read(PhysAddr{std::uint64_t{static_cast<std::uint32_t>(frame)} << page_shift_},
                 bytes.data(), page_size_);
    disk_[index] = std::move(bytes);
  }
  memory_.free(frame);
  pages_.erase(found);
}

void File::swap_out_page(std::uint64_t index, bool at_once) {
  CachedPage* page = find_page(index);
  if (page == nullptr || memory_.record(page->frame).mapcount != 0) return;
  page->swap_cached = true;
  if (!at_once) return;
  swapped_.insert(index);
  remove_page(index, true);
}

void File::set_bytes(std::uint64_t bytes) {
  const bool shorter = bytes < bytes_;
  if (bytes > bytes_) clear_behind(bytes_);
  bytes_ = bytes;
  if (!shorter) return;
  forget_disk(size_in_pages(), ~std::uint64_t{0});
  zero_tail();
}

void File::clear_behind(std::uint64_t end) {
  const std::uint64_t index = page_of(end);
  if (is_shmem() || end % page_size_ == 0 || find_page(index) != nullptr) return;
  if (CachedPage* page = add_page(index)) page->uptodate = false;
}

/// Bytes behind the end, within the last page, read as zero when the file grows again.
void File::zero_tail() {
  const std::size_t used = bytes_ % page_size_;
  if (used == 0) return;
  if (const CachedPage* last = find_page(bytes_ / page_size_)) {
    const std::uint64_t at = std::uint64_t{static_cast<std::uint32_t>(last->frame)} << page_shift_;
    memory_.fill(PhysAddr{at + used}, 0, page_size_ - used);
  } else if (const auto stored = disk_.find(bytes_ / page_size_); stored != disk_.end()) {
    std::fill(stored->second.begin() + static_cast<std::ptrdiff_t>(used), stored->second.end(),
              std::byte{});
  }
}

void File::forget_disk(std::uint64_t first, std::uint64_t last) {
  disk_.erase(disk_.lower_bound(first), disk_.upper_bound(last));
  swapped_.erase(swapped_.lower_bound(first), swapped_.upper_bound(last));
}

std::vector<std::pair<std::uint64_t, std::uint64_t>> File::cached_runs() const {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> runs;
  for (const auto& [index, page] : pages_) {
    if (!runs.empty() && runs.back().second + 1 == index)
      runs.back().second = index;
    else
      runs.emplace_back(index, index);
  }
  return runs;
}

std::vector<std::uint64_t> File::cached_pages(std::uint64_t first, std::uint64_t last) const {
  std::vector<std::uint64_t> indices;
  for (auto it = pages_.lower_bound(first); it != pages_.end() && it->first <= last; ++it)
    indices.push_back(it->first);
  return indices;
}

}  // namespace pagesim::kernel
