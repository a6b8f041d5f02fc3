// Playing the events of a run, process by process, into a list of faults.
#pragma once

#include <vector>

#include "tools/compare/allocator_code.h"
#include "tools/compare/call_target.h"
#include "tools/compare/fault.h"
#include "tools/compare/fault_stream.h"
#include "tools/compare/symbols.h"
#include "tools/compare/system_call.h"
#include "tools/compare/unwinder.h"

namespace tools::compare {

/// What was read of files with code, kept over all runs.
struct CodeFiles {
  UnwindTables unwind_tables;
  CallTargets call_targets;
  Symbols symbols;
  SystemCalls system_calls;
};

/// `events`: of one run, in the order of time.
[[nodiscard]] FaultList play(const std::vector<StreamEvent>& events, const AllocatorCode& code,
                             CodeFiles& files);

}  // namespace tools::compare
