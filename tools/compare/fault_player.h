// Playing the events of a run, process by process, into a list of faults.
#pragma once

#include "tools/compare/allocator_code.h"
#include "tools/compare/fault.h"
#include "tools/compare/fault_stream.h"
#include "tools/compare/unwinder.h"

namespace tools::compare {

/// Ends the stream and plays what it saw.
[[nodiscard]] FaultList play(FaultStream& stream, const AllocatorCode& code, UnwindTables& tables);

}  // namespace tools::compare
