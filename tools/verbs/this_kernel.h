// Whether the kernel this program runs on is the kind of machine a simulation was set up as.
#pragma once

#include <string>

#include "tools/run/sim_runner.h"

namespace tools::verbs {

/// Why the running kernel cannot show what this machine does, half a sentence; empty: it can.
[[nodiscard]] std::string why_not_here(const run::SimSetup& setup);

}  // namespace tools::verbs
