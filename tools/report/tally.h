// Faults summed up: by cause, by writer, inside the allocator's calls and outside.
#pragma once

#include <array>
#include <cstdint>

#include "allocator/writer.h"
#include "pagesim/ledger.h"
#include "tools/run/outcome.h"

namespace tools::report {

struct Tally {
  std::uint64_t minor = 0;
  std::uint64_t major = 0;
  std::uint64_t in_malloc = 0;   ///< minor and major, during an allocator call
  std::uint64_t in_program = 0;  ///< during everything else
  std::array<std::uint64_t, pagesim::kCauses> by_cause{};      ///< where faults have causes
  std::array<std::uint64_t, allocator::kWriters> by_writer{};  ///< simulated runs only
};

[[nodiscard]] Tally tally(const script::Program& program, const run::RunOutcome& outcome);

/// malloc to mallopt: the verbs that call the allocator.
[[nodiscard]] bool is_allocator_call(script::Verb verb) noexcept;

}  // namespace tools::report
