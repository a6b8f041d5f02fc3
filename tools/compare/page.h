// A comparison as one self-contained HTML page.
#pragma once

#include <string>

#include "tools/compare/comparison.h"

namespace tools::compare {

/// Works offline; below a megabyte however many faults there were: what is many is binned.
[[nodiscard]] std::string to_html(const Comparison& comparison);

}  // namespace tools::compare
