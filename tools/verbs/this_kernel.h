// Whether the kernel this program runs on is the kind of machine a simulation was set up as.
#pragma once

#include <string>

#include "tools/run/sim_runner.h"

namespace tools::verbs {

/// That the running kernel is another kind of machine, half a sentence; empty: it is the same.
[[nodiscard]] std::string other_machine(const run::SimSetup& setup);
/// Why the running kernel cannot show what this machine does, half a sentence; empty: it can.
[[nodiscard]] std::string why_not_here(const run::SimSetup& setup);

}  // namespace tools::verbs
