// mprotect: which entries may be given write permission without a fault.
#pragma once

#include "pagesim/kernel/mm.h"

namespace pagesim::kernel {

/// Whether a present entry of a writable area may be writable without a fault: nobody has to hear
/// of the first store (spec/linux-faults section 11).
[[nodiscard]] bool can_change_pte_writable(const Mm& mm, const Vma& vma, Entry entry);

}  // namespace pagesim::kernel
