// The filter that lets us hear of the system calls which change address spaces.
#pragma once

#include "tools/compare/launch.h"

namespace tools::compare {

/// Asks to be notified of munmap, mremap, madvise, mlock and their kin, brk, new processes, and the
/// mmaps that do more than perf tells of: populate, lock, grow, replace anonymous memory. All else
/// runs on undisturbed. Length 0: this kernel has no notifications.
[[nodiscard]] LaunchFilter address_space_filter();
/// Asks to be notified of each process's end, while its memory is still there.
[[nodiscard]] LaunchFilter exit_filter();

}  // namespace tools::compare
