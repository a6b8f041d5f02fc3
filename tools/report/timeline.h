// Timeline: when each operation and each fault of a run happened.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tools/run/outcome.h"

namespace tools::report {

/// A stretch of a run. Without a clock its numbers count faults.
struct Span {
  std::uint64_t start = 0;
  std::uint64_t length = 0;
};

enum class Clock : std::uint8_t {
  Measured,  ///< nanoseconds, by this machine's clock
  Sequence   ///< no time: a fault's number
};

struct Timeline {
  Clock clock = Clock::Sequence;
  std::vector<Span> ops;     ///< one for each operation; one that did not run is empty
  std::vector<Span> faults;  ///< one for each RunOutcome::faults; a measured one has no length

  /// What the numbers mean, a sentence for people.
  [[nodiscard]] std::string sentence() const;
};

[[nodiscard]] Timeline timeline_of(const run::RunOutcome& outcome);

}  // namespace tools::report
