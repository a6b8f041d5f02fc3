// Reducing a trace that fails to the smallest one that still does.
#pragma once

#include <chrono>
#include <functional>

#include "tests/truth/malloc_trace.h"

namespace truth {

/// Smaller and smaller traces for which `fails` holds, until none of the steps below helps or the
/// time is up: fewer operations (delta debugging; any subset is a trace, since an empty slot is a
/// null pointer), no environment, smaller numbers, fewer slots. `fails(trace)` must hold.
[[nodiscard]] Trace shrink(Trace trace, const std::function<bool(const Trace&)>& fails,
                           std::chrono::milliseconds budget);

}  // namespace truth
