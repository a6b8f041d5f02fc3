// Reading a living process from outside.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "tools/inspect/snapshot.h"

namespace tools::inspect {

/// Stops the process, reads what may belong to its heap and is in memory, and lets it run on.
/// Nothing of it is changed: no page is made present. Throws CannotInspect.
[[nodiscard]] Snapshot read_process(pid_t pid);

/// The lines of a file like /proc/PID/maps; empty: it cannot be read, or there is no memory.
[[nodiscard]] std::vector<Mapping> read_maps(const std::string& path);

/// Whether the bytes of a mapping are saved: memory that malloc may have, what a file's writable
/// data became, and, for its notes, the first page of a file.
[[nodiscard]] bool is_wanted(const Mapping& mapping);
/// The part of it that is.
[[nodiscard]] VirtAddr wanted_end(const Mapping& mapping);

}  // namespace tools::inspect
