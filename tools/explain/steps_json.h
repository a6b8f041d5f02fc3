// The steps of a run as JSON, version 1.
#pragma once

#include "tools/explain/step.h"
#include "tools/report/run_json.h"

namespace tools::explain {

/// {"line","script","process","ran","minor","major","address","error","faults","stores","why",
/// "pages"}: what the operation did, and the pages its process has afterwards (null: it has ended).
/// A fault is what report::to_json makes of it. Addresses are texts, "0x4e02a0".
[[nodiscard]] report::Json to_json(const Step& step);

}  // namespace tools::explain
