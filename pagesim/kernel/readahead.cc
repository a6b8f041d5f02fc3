// readahead: windows around and ahead of a miss.
#include "pagesim/kernel/readahead.h"

#include <algorithm>
#include <bit>

#include "pagesim/kernel/huge.h"

namespace pagesim::kernel {

namespace {

/// Misses after which reading around is given up; hits take them back one by one.
constexpr unsigned kLotsOfMisses = 100;
constexpr unsigned kMaxMisses = 1000;
/// Each window in sequence is read into folios of four times the size.
constexpr unsigned kOrderStep = 2;

std::uint64_t ra_pages(const Kernel& kernel) {
  return (kernel.profile.read_ahead_kb << 10) >> kernel.page_shift;
}

/// The largest folio, up to the window's order, that is aligned and free at an index.
unsigned folio_order(File& file, std::uint64_t index, std::uint64_t end) {
  unsigned order = file.readahead.order;
  const auto fits = [&](unsigned wanted) {
    const std::uint64_t pages = std::uint64_t{1} << wanted;
    return index % pages == 0 && index + pages <= end &&
           file.cached_pages(index, index + pages - 1).empty();
  };
  while (order > 0 && !fits(order)) --order;
  return order;
}

/// Reads the window the file's state names, in folios of its order where they fit; pages already
/// there stay as they are, the folio async_size before the end gets the mark.
bool submit(File& file) {
  const Readahead& window = file.readahead;
  const std::uint64_t end = std::min(window.start + window.size, file.size_in_pages());
  const std::uint64_t mark = window.start + window.size - window.async_size;
  for (std::uint64_t index = window.start; index < end;) {
    const unsigned order = folio_order(file, index, end);
    const std::uint64_t pages = std::uint64_t{1} << order;
    if (file.find_page(index) == nullptr) {
      if ((order == 0 || !file.add_folio(index, order)) && file.add_page(index) == nullptr)
        return false;
      file.find_page(index)->readahead_mark =
          window.async_size != 0 && index == (mark & ~(pages - 1));
    }
    index += pages;
  }
  return true;
}

void set_window(File& file, std::uint64_t start, std::uint64_t size, std::uint64_t async_size,
                unsigned order = 0) {
  file.readahead.start = start;
  file.readahead.size = size;
  file.readahead.async_size = async_size;
  file.readahead.order = order;
}

/// As many pages as a huge page has, from where one of the file's would begin, and as many more
/// unless random access was advised; in folios as large where the file system has them. Measured on
/// Linux 6.18.
bool read_huge_window(const Mm& mm, const Vma& vma, File& file, std::uint64_t index) {
  const std::uint64_t pages = std::uint64_t{1} << huge_order(mm);
  const unsigned order = mm.kernel.profile.large_file_folios ? huge_order(mm) : 0;
  const std::uint64_t size = vma.has(vm_flag::RandomRead) ? pages : 2 * pages;
  set_window(file, index & ~(pages - 1), size, pages, order);
  return submit(file);
}

/// Whether the area was advised to have huge pages, and the kernel heeds that for files.
bool wants_huge_window(const Profile& profile, const Vma& vma) {
  return vma.has(vm_flag::Hugepage) && profile.huge_readahead && profile.transparent_huge_pages;
}

}  // namespace

bool sync_mmap_readahead(const Mm& mm, const Vma& vma, File& file, std::uint64_t index) {
  if (wants_huge_window(mm.kernel.profile, vma)) return read_huge_window(mm, vma, file, index);
  const std::uint64_t pages = ra_pages(mm.kernel);
  if ((vma.prot & PROT_EXEC) != 0 && pages != 0) {  // code is read ahead whatever was advised
    set_window(file, index, pages, 0);
    return submit(file);
  }
  if (vma.has(vm_flag::RandomRead) || pages == 0) return file.add_page(index) != nullptr;
  if (vma.has(vm_flag::SequentialRead)) {
    set_window(file, index, pages, index == 0 ? pages / 2 : 0);
    return submit(file);
  }
  if (file.readahead.mmap_miss < kMaxMisses) ++file.readahead.mmap_miss;
  if (file.readahead.mmap_miss > kLotsOfMisses) return file.add_page(index) != nullptr;
  const std::uint64_t start = index < pages / 2 ? 0 : index - pages / 2;
  set_window(file, start, pages, pages / 4);
  return submit(file);
}

bool async_mmap_readahead(const Kernel& kernel, const Vma& vma, File& file, std::uint64_t index) {
  if (file.readahead.mmap_miss > 0) --file.readahead.mmap_miss;
  if (vma.has(vm_flag::RandomRead) || !file.has_readahead_mark(index)) return false;
  file.take_readahead_mark(index);
  const std::uint64_t pages = ra_pages(kernel);
  if (pages == 0) return true;
  const Readahead last = file.readahead;
  const std::uint64_t expected = last.start + last.size - last.async_size;
  const std::uint64_t first = file.folio_of(index).first;
  const bool in_sequence = first == (expected & ~(file.folio_of(index).pages - 1));
  const std::uint64_t start = in_sequence ? last.start + last.size : index + 1;
  const auto most = static_cast<unsigned>(std::bit_width(pages) - 1);
  const unsigned order =
      kernel.profile.large_file_folios ? std::min(last.order + kOrderStep, most) : 0;
  // The window ends where a folio of its order does.
  const std::uint64_t end = (start + pages) & ~((std::uint64_t{1} << order) - 1);
  const std::uint64_t size = end > start ? end - start : pages;
  set_window(file, start, size, size, order);
  (void)submit(file);
  return true;
}

bool force_readahead(File& file, std::uint64_t first, std::uint64_t last) {
  if (file.size_in_pages() == 0) return true;
  last = std::min(last, file.size_in_pages() - 1);
  for (std::uint64_t index = first; index <= last; ++index)
    if (file.add_page(index) == nullptr) return false;
  return true;
}

bool write_bulk(File& file) {
  constexpr unsigned kMaxOrder = 9;
  for (std::uint64_t index = 0; index < file.size_in_pages();) {
    const std::uint64_t pages = std::max<std::uint64_t>(1, file.whole_pages() - index);
    unsigned order = std::min(static_cast<unsigned>(std::bit_width(pages)) - 1, kMaxOrder);
    if (index != 0) order = std::min(order, static_cast<unsigned>(std::countr_zero(index)));
    if (index >= file.whole_pages() || order == 0 || !file.add_folio(index, order)) {
      order = 0;
      if (file.add_page(index) == nullptr) return false;
    }
    index += std::uint64_t{1} << order;
  }
  return true;
}

}  // namespace pagesim::kernel
