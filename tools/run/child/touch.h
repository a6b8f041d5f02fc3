// Touching everything that is not the script's beforehand, so that no page of the measuring
// program faults inside a measurement (truth: measuring again without noise, step 2).
#pragma once

#include <cstdint>

#include "tools/run/child/task.h"

namespace tools::run::child {

/// Learns which pages belong to the program, the libraries and the thread. Once, at start.
void learn_layout() noexcept;

/// Touches them, twice: text and constants are read, data, bss, TLS and stack are written. The
/// allocator's own data and the heap stay as they are: their faults are the allocator's. In parent
/// and child again after every fork, and in each thread for its own stack.
void touch_all(const Task& task) noexcept;

/// The page-aligned start of the data the allocator keeps in this process, and its end.
struct Span {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};
[[nodiscard]] Span allocator_globals() noexcept;

/// The program's own code.
[[nodiscard]] Span program_text() noexcept;

/// The writable data of the library that serves, left alone as well; `index` from 0, empty at the
/// end.
[[nodiscard]] Span allocator_data(int index) noexcept;

/// Reads one [begin, end) of /proc/self/maps whose line ends in `name`; zeroes if there is none.
[[nodiscard]] Span mapping_named(const char* name) noexcept;

}  // namespace tools::run::child
