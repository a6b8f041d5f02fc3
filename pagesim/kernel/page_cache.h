// page_cache: what happens to a file's pages behind the backs of those who map them.
#pragma once

#include <cstdint>

#include "pagesim/kernel/file.h"
#include "pagesim/kernel/kernel.h"

namespace pagesim::kernel {

/// Page indices, both included.
struct PageRange {
  std::uint64_t first = 0;
  std::uint64_t last = ~std::uint64_t{0};
};

/// Takes a file's pages out of every address space; private copies too if `even_cows`.
void unmap_mapping_range(Kernel& kernel, const File& file, PageRange range, bool even_cows);
/// The folio of a page falls apart into single pages, which nobody maps any more.
void split_file_folio(Kernel& kernel, File& file, std::uint64_t index);
/// Writes dirty pages to the disk: they become clean and every mapping of them read-only, so that
/// the next store is heard of. Nothing on tmpfs.
void writeback(Kernel& kernel, File& file, PageRange range = {});
/// POSIX_FADV_DONTNEED after writing back: drops pages nobody maps. Nothing on tmpfs.
void evict(Kernel& kernel, File& file, PageRange range = {});
/// ftruncate: pages past the new end leave memory and all mappings, with private copies of them.
void truncate(Kernel& kernel, File& file, std::uint64_t bytes);
/// fallocate(PUNCH_HOLE): pages become holes; private copies stay.
void punch_hole(Kernel& kernel, File& file, PageRange range);

}  // namespace pagesim::kernel
