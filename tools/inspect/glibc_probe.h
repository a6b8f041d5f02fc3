// A program of the system's, run with the C library under chosen tunables, and looked at.
#pragma once

#include <optional>
#include <string>

#include "tools/inspect/snapshot.h"

namespace tools::inspect {

/// Runs `cat` under GLIBC_TUNABLES=`tunables` until it has called malloc and waits, reads its
/// memory, and ends it. Nothing: it could not be run or read.
[[nodiscard]] std::optional<Snapshot> snapshot_of_probe(const std::string& tunables);

}  // namespace tools::inspect
