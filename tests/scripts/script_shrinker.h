// Reducing a script that fails to a short one that still does.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace tools::run {

/// Fewer pieces, then shorter ones with smaller numbers, for as long as `fails` holds and the
/// budget lasts. It must hold for `script`, whose pieces end in a new line, and answer false for
/// what is no script.
[[nodiscard]] std::string shrink_script(const std::vector<std::string>& script,
                                        const std::function<bool(const std::string&)>& fails,
                                        std::chrono::milliseconds budget);

}  // namespace tools::run
