// readahead: which pages of a file on disk are read when one is missed.
#pragma once

#include <cstdint>

#include "pagesim/kernel/file.h"
#include "pagesim/kernel/kernel.h"
#include "pagesim/kernel/vma.h"

namespace pagesim::kernel {

/// A mapped page is not in memory: reads it and, as the area's advice and the file's history say,
/// pages around it (spec/linux-faults section 6). False when frames run out.
[[nodiscard]] bool sync_mmap_readahead(const Mm& mm, const Vma& vma, File& file,
                                       std::uint64_t index);
/// A mapped page is touched: if its folio carries the mark, the next window is read, into larger
/// folios. Whether it did; the fault is then tried again.
bool async_mmap_readahead(const Kernel& kernel, const Vma& vma, File& file, std::uint64_t index);
/// Reads pages first to last, as far as the file goes, without marks.
[[nodiscard]] bool force_readahead(File& file, std::uint64_t first, std::uint64_t last);
/// One write(2) of the whole of a file on disk: its pages come into memory in the largest folios
/// that fit (spec/linux-faults section 6).
[[nodiscard]] bool write_bulk(File& file);

}  // namespace pagesim::kernel
