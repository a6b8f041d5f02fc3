// zap: taking pages out of an address space.
#pragma once

#include "pagesim/address.h"
#include "pagesim/kernel/mm.h"

namespace pagesim::kernel {

/// What becomes of guard markers: they go with their area, and outlive what is done to its pages.
enum class Markers : std::uint8_t { Drop, Keep };
/// Empties every entry of [start, end): pages and swap entries. Tables stay.
void zap_range(Mm& mm, VirtAddr start, VirtAddr end, Markers markers = Markers::Drop);
/// Frees the tables of [start, end), an emptied range without areas, that no area next to it needs.
void free_pgtables(Mm& mm, VirtAddr start, VirtAddr end);
/// Drops one entry's page: counters, map count, swap slot.
void zap_entry(Mm& mm, Entry* entry);

}  // namespace pagesim::kernel
