// fork: a copy of an address space.
#pragma once

#include "pagesim/kernel/mm.h"

namespace pagesim::kernel {

/// dup_mm (spec/linux-faults section 10): areas, and the entries of those that have private pages,
/// into an empty address space. Both sides lose write permission on private pages. Counts no fault.
/// False without frames for the tables.
[[nodiscard]] bool dup_mm(Mm& parent, Mm& child);

/// The same for one private page that both have areas for and only the parent has. Whether it was
/// copied.
bool dup_page(Mm& parent, Mm& child, VirtAddr at);
/// A private page that is present is as fork leaves it behind, whoever else has it.
void wrprotect_page(Mm& mm, VirtAddr at);

}  // namespace pagesim::kernel
