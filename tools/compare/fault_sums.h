// FaultSums: the faults of one run, counted by who paid and by what was touched.
#pragma once

#include <array>
#include <cstdint>

#include "tools/compare/fault.h"

namespace tools::compare {

/// User mode, each fault once. What system calls touch and populate is not among them, since an
/// ordinary user is not told: getrusage's total less these is the kernel's share, for every user.
struct FaultSums {
  std::uint64_t minor = 0;
  std::uint64_t major = 0;
  std::uint64_t in_malloc = 0;
  std::uint64_t in_program = 0;
  std::uint64_t kernel_mode = 0;  ///< of the kernel's share, those that had an event
  std::uint64_t lost = 0;         ///< events there was no room for
  std::uint64_t unexpected = 0;   ///< FaultList::unexpected
  std::array<std::uint64_t, kRegions> by_region{};
  std::array<std::uint64_t, pagesim::kCauses> by_cause{};

  [[nodiscard]] std::uint64_t total() const noexcept { return minor + major; }
};

[[nodiscard]] FaultSums sum_up(const FaultList& list);

}  // namespace tools::compare
