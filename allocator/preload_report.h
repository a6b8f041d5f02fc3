// What watching found, on standard error.
#pragma once

#include <array>
#include <cstdint>

#include "allocator/check.h"
#include "allocator/preload_watch.h"

namespace allocator {

struct Usage {
  std::uint64_t all_calls = 0;
  std::array<std::uint64_t, kOperations> calls{};
  std::uint64_t bytes = 0;  ///< usable bytes of the blocks handed out and not freed
  std::uint64_t peak_bytes = 0;
};

/// FAULTLINE_STATS=1's summary. The caller holds every lock.
void report_usage(const Usage& usage) noexcept;
/// FAULTLINE_CHECK's finding, and the chunks around it. The caller holds every lock.
void report_broken(const HeapCheck& check) noexcept;

}  // namespace allocator
