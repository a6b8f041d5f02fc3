// SimRunner: programs on the simulated machine.
#include "tools/run/sim_runner.h"

#include <utility>

#include "tools/run/sim/run.h"
#include "tools/run/sim/support.h"

namespace tools::run {

SimSetup with_heap_of(SimSetup setup, const RunOutcome& other) {
  setup.layout.heap = pagesim::VirtAddr{other.heap_base};
  return setup;
}

SimRunner::SimRunner(SimSetup setup) : setup_{std::move(setup)} {}

RunOutcome SimRunner::run(const script::Program& program, const RunOptions& options) {
  sim::refuse_unsupported(program, setup_);
  return sim::Run{program, options, setup_, witness_}.outcome();
}

}  // namespace tools::run
