// swap_readahead: which swapped pages are read together.
#pragma once

#include "pagesim/kernel/fault.h"
#include "pagesim/kernel/swap.h"

namespace pagesim::kernel {

/// swapin_readahead (spec/linux-faults section 8): reads the page of a faulting entry into the swap
/// cache, and neighbours: of the address on a device without seeks, of the slot on a disk. False
/// when there is no frame even for the first.
[[nodiscard]] bool swapin_readahead(VmFault& vmf, SwapSlot slot);
/// A page in the swap cache is mapped: if it was read ahead, that was worth it.
void note_swap_hit(const VmFault& vmf, SwapSlot slot);
/// Reads one slot's page into the swap cache if it is not there.
[[nodiscard]] bool read_swap_cache(Kernel& kernel, SwapSlot slot, bool read_ahead);

}  // namespace pagesim::kernel
