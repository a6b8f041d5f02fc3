// Ptmalloc: the allocator compiled into the child, over the process's own memory.
#pragma once

#include "tools/run/child/heap.h"

namespace tools::run::child {

[[nodiscard]] Heap ptmalloc_heap() noexcept;
[[nodiscard]] Span ptmalloc_globals() noexcept;

}  // namespace tools::run::child
