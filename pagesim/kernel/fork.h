// fork: a copy of an address space.
#pragma once

#include "pagesim/kernel/mm.h"

namespace pagesim::kernel {

/// dup_mm (spec/linux-faults section 10): areas, and the entries of those that have private pages,
/// into an empty address space. Both sides lose write permission on private pages. Counts no fault.
/// False without frames for the tables.
[[nodiscard]] bool dup_mm(Mm& parent, Mm& child);

}  // namespace pagesim::kernel
