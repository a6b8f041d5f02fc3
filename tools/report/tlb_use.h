// What a simulated run used of the TLB, for people and for programs.
#pragma once

#include <string>

#include "pagesim/tlb_use.h"
#include "tools/report/run_json.h"

namespace tools::report {

/// Two lines of a summary: hits and walks; flushes by change and kind, and what they dropped.
[[nodiscard]] std::string to_text(const pagesim::TlbUse& use);
/// {"hits":…,"walks":…,"flushes":{"zap":{"page":1,"range":0,"all":0,"dropped":1}}}; changes that
/// asked for no flush are left out.
[[nodiscard]] Json to_json(const pagesim::TlbUse& use);

}  // namespace tools::report
