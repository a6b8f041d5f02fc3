// FaultSums: the faults of one run, counted by who paid and by what was touched.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>

#include "tools/compare/fault.h"

namespace tools::compare {

/// Pages copied after forks.
struct ForkBill {
  std::uint64_t in_children = 0;  ///< by the processes that forks made
  std::uint64_t in_parents = 0;   ///< by those that no fork made
  std::uint64_t by_malloc = 0;    ///< of both: because the allocator wrote to a shared page
  /// Of those: it wrote its own words there (sizes, links, records), not what it cleared or copied
  /// for its caller; none: some have no writer.
  std::optional<std::uint64_t> by_metadata = 0;
};

/// User mode, each fault once. What system calls touch and populate is not among them, since an
/// ordinary user is not told: getrusage's total less these is the kernel's share, for every user.
struct FaultCounts {
  std::uint64_t in_malloc = 0;
  std::uint64_t in_program = 0;
  std::uint64_t kernel_mode = 0;  ///< of the kernel's share, those that had an event
  std::uint64_t lost = 0;         ///< events there was no room for

  [[nodiscard]] std::uint64_t total() const noexcept { return in_malloc + in_program; }
};
[[nodiscard]] FaultCounts count(const FaultList& list);

/// The same faults by all else that explain() has told of them.
struct FaultSums {
  /// Those of kernel mode by system call, SYS_*; none: not told.
  std::map<std::optional<int>, std::uint64_t> kernel_by_call{};
  std::map<int, std::uint64_t> populated{};  ///< FaultList::populated
  /// User mode and kernel mode; those whose code was not told are left out.
  std::map<std::uint16_t, std::uint64_t> by_error_code{};
  std::uint64_t unexpected = 0;  ///< FaultList::unexpected
  std::array<std::uint64_t, kRegions> by_region{};
  std::array<std::uint64_t, pagesim::kCauses> by_cause{};
  std::array<std::uint64_t, allocator::kWriters> by_writer{};  ///< in user mode
  std::uint64_t writer_unknown = 0;
  std::uint64_t forks = 0;
  ForkBill fork_bill;
};

[[nodiscard]] FaultSums sum_up(const FaultList& list);

}  // namespace tools::compare
