// The tables of typical runs: each splits the same faults.
#pragma once

#include <string>

#include "tools/compare/comparison.h"

namespace tools::compare {

/// A row for each subject that has something to tell, each table after an empty line: by region,
/// cause and writer, the fork bill, the kernel's share by call, error codes; where faults were not
/// seen, the pages that were there at exit.
[[nodiscard]] std::string typical_tables(const Comparison& comparison);

}  // namespace tools::compare
