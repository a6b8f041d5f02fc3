// Having the kernel merge equal pages, now.
#pragma once

#include "tools/run/child/task.h"

namespace tools::run::child {

/// Lets ksmd look at all memory until everything that is alike must have been merged, and stops it.
/// Refuses the call where that cannot be done. The runner puts its settings back.
void scan_ksm(Call& call) noexcept;

}  // namespace tools::run::child
