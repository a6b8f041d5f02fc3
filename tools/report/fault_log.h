// The fault log: one line a fault, as a tracer of a kernel prints it.
#pragma once

#include <cstdint>
#include <string>

#include "tools/report/run_json.h"
#include "tools/report/timeline.h"
#include "tools/run/outcome.h"

namespace tools::report {

/// One run to be logged.
struct Logged {
  const script::Program& program;
  const run::RunOutcome& outcome;
  Knowledge known;
  std::string machine;  ///< "simulated x86-64", "this kernel"
};

/// A process as the log names it: its process id, or on the simulated machine its number, from 1.
[[nodiscard]] std::int64_t pid_of(const Logged& run, std::uint32_t task);
/// The process a task of the program belongs to; itself unless it is a thread.
[[nodiscard]] std::uint32_t process_of(const script::Program& program, std::uint32_t task);

/// "0.000001234 1234 0x602008 access:w type:MINOR cause:first_write place:heap+8"; what is not
/// known is "?". A comment line says what the first column is.
[[nodiscard]] std::string fault_log(const Logged& run);

}  // namespace tools::report
