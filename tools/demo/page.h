// The demo's results as one self-contained HTML page.
#pragma once

#include <string>

#include "tools/demo/demo.h"

namespace tools::demo {

[[nodiscard]] std::string to_html(const DemoResult& result);

}  // namespace tools::demo
