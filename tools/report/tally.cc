// Faults summed up.
#include "tools/report/tally.h"

namespace tools::report {

bool is_allocator_call(script::Verb verb) noexcept { return verb <= script::Verb::Mallopt; }

Tally tally(const script::Program& program, const run::RunOutcome& outcome) {
  Tally sum;
  for (std::size_t i = 0; i < outcome.ops.size(); ++i) {
    const run::OpOutcome& op = outcome.ops[i];
    const std::uint64_t counted = std::uint64_t{op.minor} + op.major;
    sum.minor += op.minor;
    sum.major += op.major;
    (is_allocator_call(program.ops[i].verb) ? sum.in_malloc : sum.in_program) += counted;
  }
  for (const pagesim::FaultRecord& fault : outcome.faults) {
    if (fault.outcome == pagesim::Outcome::Signal) continue;
    ++sum.by_cause[static_cast<std::size_t>(fault.cause)];
    ++sum.by_writer[static_cast<std::size_t>(allocator::writer_of(fault.tag))];
  }
  return sum;
}

}  // namespace tools::report
