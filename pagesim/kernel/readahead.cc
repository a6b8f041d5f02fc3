// readahead: windows around and ahead of a miss.
#include "pagesim/kernel/readahead.h"

#include <algorithm>

namespace pagesim::kernel {

namespace {

/// Misses after which reading around is given up; hits take them back one by one.
constexpr unsigned kLotsOfMisses = 100;
constexpr unsigned kMaxMisses = 1000;

std::uint64_t ra_pages(const Kernel& kernel) {
  return (kernel.profile.read_ahead_kb << 10) >> kernel.page_shift;
}

/// Reads the window the file's state names; pages already there stay as they are, the one
/// async_size before the end gets the mark.
bool submit(File& file) {
  const Readahead& window = file.readahead;
  const std::uint64_t end = std::min(window.start + window.size, file.size_in_pages());
  const std::uint64_t mark = window.start + window.size - window.async_size;
  for (std::uint64_t index = window.start; index < end; ++index) {
    if (file.find_page(index) != nullptr) continue;
    CachedPage* page = file.add_page(index);
    if (page == nullptr) return false;
    page->readahead_mark = window.async_size != 0 && index == mark;
  }
  return true;
}

void set_window(File& file, std::uint64_t start, std::uint64_t size, std::uint64_t async_size) {
  file.readahead.start = start;
  file.readahead.size = size;
  file.readahead.async_size = async_size;
}

}  // namespace

bool sync_mmap_readahead(const Kernel& kernel, const Vma& vma, File& file, std::uint64_t index) {
  const std::uint64_t pages = ra_pages(kernel);
  if (vma.has(vm_flag::RandomRead) || pages == 0) return file.add_page(index) != nullptr;
  if (vma.has(vm_flag::SequentialRead)) {
    const std::uint64_t size = std::min<std::uint64_t>(4, pages);
    set_window(file, index, size, size - 1);
    return submit(file);
  }
  if (file.readahead.mmap_miss < kMaxMisses) ++file.readahead.mmap_miss;
  if (file.readahead.mmap_miss > kLotsOfMisses) return file.add_page(index) != nullptr;
  const std::uint64_t start = index < pages / 2 ? 0 : index - pages / 2;
  set_window(file, start, pages, pages / 4);
  return submit(file);
}

void async_mmap_readahead(const Kernel& kernel, const Vma& vma, File& file, std::uint64_t index) {
  CachedPage* page = file.find_page(index);
  if (file.readahead.mmap_miss > 0) --file.readahead.mmap_miss;
  if (vma.has(vm_flag::RandomRead) || page == nullptr || !page->readahead_mark) return;
  page->readahead_mark = false;
  const std::uint64_t pages = ra_pages(kernel);
  const Readahead last = file.readahead;
  const std::uint64_t start =
      index == last.start + last.size - last.async_size ? last.start + last.size : index + 1;
  set_window(file, start, pages, pages);
  (void)submit(file);
}

bool force_readahead(File& file, std::uint64_t first, std::uint64_t last) {
  if (file.size_in_pages() == 0) return true;
  last = std::min(last, file.size_in_pages() - 1);
  for (std::uint64_t index = first; index <= last; ++index)
    if (file.add_page(index) == nullptr) return false;
  return true;
}

}  // namespace pagesim::kernel
