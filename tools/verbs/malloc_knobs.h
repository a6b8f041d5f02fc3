// What mallopt and GLIBC_TUNABLES set, as knobs of a run.
#pragma once

#include <string_view>
#include <vector>

#include "tools/verbs/knobs.h"

namespace tools::verbs {

/// mallopt's parameters (M_TOP_PAD), glibc's tunables (glibc.malloc.top_pad), and those of
/// faultline's policy (FAULTLINE_HUGE).
[[nodiscard]] std::vector<KnobInfo> malloc_knobs();

/// Sets the tunable `name`, or the one a parameter of mallopt stands for, in the environment that
/// the program begins with. False: there is none. Throws Refusal where the allocator would ignore
/// the value.
bool turn_malloc(run::SimSetup& setup, std::string_view name, std::string_view text);

}  // namespace tools::verbs
