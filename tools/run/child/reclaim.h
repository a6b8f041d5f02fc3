// Memory pressure on the measured processes alone, by way of their memory cgroup.
#pragma once

#include "tools/run/child/task.h"

namespace tools::run::child {

/// Enters the run's memory cgroup, if it has one: pages touched from now on belong to it.
void join_memory_group() noexcept;

/// What the process has now stays in memory under its group's limit, but for the allocator's data,
/// whose faults are the script's.
void lock_own_pages() noexcept;

/// The pages of the call's range that were written to swap leave the swap cache. Pressure takes
/// what else the group has along: the task's other private pages are brought back. Refuses the call
/// where that cannot be done.
void drop_swap_cache(const Call& call) noexcept;

}  // namespace tools::run::child
