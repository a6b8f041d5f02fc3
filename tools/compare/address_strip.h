// The faults of a process in its address space and in time.
#pragma once

#include <cstddef>

#include "tools/compare/fault.h"
#include "tools/report/run_json.h"

namespace tools::compare {

/// Of the process with the most faults of user mode. {"pid","faults","width","height",
/// "areas":[{"region","start","bytes","from","to"}],"points":[x,y,payer,faults,...]}: x in
/// [0, width) runs over the areas laid side by side, y in [0, height) is time. Each fault is a
/// point of its own where they are few, and points are cells of a grid where they are many; `share`
/// is how many strips a page has room for.
[[nodiscard]] report::Json address_strip(const FaultList& list, std::size_t share);

}  // namespace tools::compare
