// What freeing each block, and some mallocs, would do after each step of a short script.
#pragma once

#include <string>

#include "tools/explain/query.h"

namespace tools::explain {

/// Each answer is a run of its own, so a script of more operations has none.
inline constexpr std::size_t kMostTried = 40;

/// [[position, operation, how it ends, [why,...], [[place, bytes, writer] read,...]],...], where
/// position 1 is after the first operation. "[]": the script is too long.
[[nodiscard]] std::string tries_json(const Question& question);

}  // namespace tools::explain
