// Our allocators, compiled into the child, over the process's own memory.
#pragma once

#include "tools/run/child/heap.h"

namespace tools::run::child {

[[nodiscard]] Heap ptmalloc_heap() noexcept;
[[nodiscard]] Heap faultline_heap() noexcept;
/// Where whichever of them serves keeps its process-wide state.
[[nodiscard]] Span own_globals() noexcept;

}  // namespace tools::run::child
