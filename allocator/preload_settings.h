// What the environment asks of the library itself, and complaints about what it cannot mean.
#pragma once

#include <cstdint>

namespace allocator {

/// The FAULTLINE_ variables; 0: off.
struct Settings {
  std::uint64_t stats = 0;  ///< FAULTLINE_STATS: 1 prints a summary at exit
  std::uint64_t check = 0;  ///< FAULTLINE_CHECK: the heap is walked every so many operations
};

[[nodiscard]] Settings read_settings() noexcept;
/// Names on standard error what GLIBC_TUNABLES and the MALLOC_ and FAULTLINE_ variables hold that
/// is ignored. Silent in a setuid process, which ignores all of it.
void name_bad_settings() noexcept;

}  // namespace allocator
