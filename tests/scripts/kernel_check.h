// Whether the running kernel does what the simulated machine does.
#pragma once

#include <string>

#include "tools/script/op.h"

namespace tools::run {

/// The rules simulated are those of Linux 6.18; on another kernel there is nothing to compare.
[[nodiscard]] bool runs_the_measured_kernel();

/// Runs the program on both machines, up to three times: a page that another processor still holds
/// can be copied where it would be taken over, so the majority decides. A sentence about the first
/// difference, or nothing. Throws what the runners throw.
[[nodiscard]] std::string lasting_difference(const script::Program& program, bool keep_going);

}  // namespace tools::run
