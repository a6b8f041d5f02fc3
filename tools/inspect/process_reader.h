// Reading a living process from outside.
#pragma once

#include <sys/types.h>

#include "tools/inspect/snapshot.h"

namespace tools::inspect {

/// Stops the process, reads what may belong to its heap and is in memory, and lets it run on.
/// What was copied before counts if no thread ran from then on, so that a process that waits is
/// stopped only to see that. Nothing of it is changed: no page is made present, and one in swap is
/// not read. Throws CannotInspect.
[[nodiscard]] Snapshot read_process(pid_t pid);

/// Anonymous memory of more than 64 GiB: reserved for something, not malloc's. It is not saved.
[[nodiscard]] bool is_too_large(const Mapping& mapping);
/// Whether the bytes of a mapping are saved: memory that malloc may have, what a file's writable
/// data became, and, for its notes, the first page of a file.
[[nodiscard]] bool is_wanted(const Mapping& mapping);
/// The part of it that is.
[[nodiscard]] VirtAddr wanted_end(const Mapping& mapping);

}  // namespace tools::inspect
