// The parameters of glibc's malloc, which no record leads to.
#pragma once

#include "tools/heap/picture.h"
#include "tools/inspect/snapshot.h"

namespace tools::inspect {

/// The thresholds of a process whose main arena lies at `arena`, those that could be found.
///
/// Where the C library keeps a parameter is found by experiment: a program of the system is run
/// twice with the same library (by its build ID), each time with other values of malloc's tunables;
/// the one place in the library's data that holds the first value in the first run and the second
/// in the second is the parameter's. A statically linked C library, or one that the system's
/// programs do not have, is not known this way.
[[nodiscard]] heap::Thresholds glibc_thresholds(const Snapshot& snapshot, VirtAddr arena);

}  // namespace tools::inspect
