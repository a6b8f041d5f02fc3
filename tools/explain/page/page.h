// The page to step through: one file that needs nothing else.
#pragma once

#include <string>
#include <vector>

namespace tools::explain {

/// `runs`: Recording::json of each run. One alone, two side by side, or a course of many. `title`:
/// shown until they are unpacked.
enum class PageKind : std::uint8_t { Steps, Pair, Course };
[[nodiscard]] std::string to_html(PageKind kind, const std::string& title,
                                  const std::vector<std::string>& runs);

}  // namespace tools::explain
