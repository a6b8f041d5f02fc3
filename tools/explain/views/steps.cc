// The view "steps": the twelve steps of a fault, with the time each takes on this machine.
#include "tools/explain/explain.h"
#include "tools/explain/view.h"
#include "tools/report/fault_time.h"

namespace tools::explain {

std::string show_steps(const ViewRequest&, const Look& look) {
  if (!look.costs.costs) return fold("How long each takes: " + look.costs.missing + ".", 0, kWidth);
  return report::steps_text(*look.costs.costs);
}

}  // namespace tools::explain
