// malloc_stats and malloc_info as text.
#pragma once

#include <cstdio>

namespace allocator {

/// malloc_stats(3) on `file` (spec/ptmalloc section 13.9).
void print_stats(FILE* file) noexcept;
/// malloc_info(3) on `file` (section 13.10). No lock is held while it prints: that may allocate.
void print_info(FILE* file) noexcept;

}  // namespace allocator
