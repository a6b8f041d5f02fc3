// Playing the events of a run, process by process, into a list of faults.
#pragma once

#include <vector>

#include "tools/compare/allocator_code.h"
#include "tools/compare/call_target.h"
#include "tools/compare/code_bytes.h"
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
  CodeBytes bytes;
  Symbols symbols;
  SystemCalls system_calls;
};

/// `events`: of one run, in the order of time; what is not a fault is taken from it. Quick, since
/// every run is counted: who paid, where, from which code.
[[nodiscard]] FaultList play(std::vector<StreamEvent> events, const AllocatorCode& code,
                             CodeFiles& files);

/// The rest, for runs that are shown one by one.
void explain(FaultList& list, const AllocatorCode& code, CodeFiles& files);

}  // namespace tools::compare
