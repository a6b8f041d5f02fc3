// readahead: which pages of a file on disk are read when one is missed.
#pragma once

#include <cstdint>

#include "pagesim/kernel/file.h"
#include "pagesim/kernel/kernel.h"
#include "pagesim/kernel/vma.h"

namespace pagesim::kernel {

/// A mapped page is not in memory: reads it and, as the area's advice and the file's history say,
/// pages around it (spec/linux-faults section 6). False when frames run out.
[[nodiscard]] bool sync_mmap_readahead(const Kernel& kernel, const Vma& vma, File& file,
                                       std::uint64_t index);
/// A mapped page that carries the mark is touched: the next window is read.
void async_mmap_readahead(const Kernel& kernel, const Vma& vma, File& file, std::uint64_t index);
/// Reads pages first to last, as far as the file goes, without marks.
[[nodiscard]] bool force_readahead(File& file, std::uint64_t first, std::uint64_t last);

}  // namespace pagesim::kernel
