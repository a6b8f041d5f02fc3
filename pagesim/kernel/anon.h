// anon: private pages and the mark an area keeps of having had one.
#pragma once

#include <optional>

#include "pagesim/kernel/mm.h"

namespace pagesim::kernel {

/// A zeroed frame that belongs to one process; nothing when memory is exhausted.
[[nodiscard]] std::optional<FrameNumber> alloc_anon_page(Mm& mm);
/// From now on the area has, or may have, private pages: fork copies its entries.
void anon_vma_prepare(Mm& mm, Vma& vma);

}  // namespace pagesim::kernel
