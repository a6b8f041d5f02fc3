// Reading a core file.
#pragma once

#include <string>

#include "tools/inspect/snapshot.h"

namespace tools::inspect {

/// What the kernel, or gcore of gdb, saved of a process: its PT_LOAD segments, with NT_FILE's names
/// and NT_PRSTATUS's thread pointers. A core does not tell the states of pages. Throws
/// CannotInspect.
[[nodiscard]] Snapshot read_core(const std::string& path);

}  // namespace tools::inspect
