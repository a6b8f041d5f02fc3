// What the simulated machine cannot do yet, operation by operation.
#pragma once

#include "tools/run/sim_runner.h"
#include "tools/script/op.h"

namespace tools::run::sim {

/// Throws Unsupported for the first operation whose machinery does not exist or which the setup
/// lacks the means for, or if the program was read for another page size than the machine's.
void refuse_unsupported(const script::Program& program, const SimSetup& setup);

}  // namespace tools::run::sim
