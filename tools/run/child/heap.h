// Heap: the allocator that serves the script's calls.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tools/run/child/touch.h"

namespace tools::run::child {

/// The C library's interface, filled by whoever serves. All return null and set errno when refused.
struct Heap {
  void* (*malloc)(std::size_t);
  void* (*calloc)(std::size_t, std::size_t);
  void* (*realloc)(void*, std::size_t);
  void* (*memalign)(std::size_t, std::size_t);
  void* (*aligned_alloc)(std::size_t, std::size_t);
  int (*posix_memalign)(void**, std::size_t, std::size_t);
  void* (*valloc)(std::size_t);
  void* (*pvalloc)(std::size_t);
  void (*free)(void*);
  int (*malloc_trim)(std::size_t);
  int (*mallopt)(int, int);
  // Where the C library does not do it itself; else null.
  void (*thread_exit)();
  void (*before_fork)();
  void (*after_fork_in_parent)();
  void (*after_fork_in_child)();
};

/// The table of Header::serve; a member the allocator does not have is null.
[[nodiscard]] const Heap& heap() noexcept;

/// Where the compiled-in allocator keeps its process-wide state; empty when it does not serve.
[[nodiscard]] Span heap_globals() noexcept;

/// Whether malloc really comes from the preloaded library the runner named.
[[nodiscard]] bool served_by_library() noexcept;

}  // namespace tools::run::child
