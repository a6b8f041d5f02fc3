// Tlb: construction and flushes.
#include "pagesim/hardware/tlb.h"

#include <bit>

#include "pagesim/check.h"

namespace pagesim::hardware {

Tlb::Tlb(const TlbGeometry& geometry)
    : set_mask_{geometry.sets - 1},
      ways_{geometry.ways},
      stride_{(geometry.ways + kStep - 1) / kStep * kStep},
      slots_(std::size_t{geometry.sets} * stride_),
      turns_(geometry.sets) {
  check(std::has_single_bit(geometry.sets), "the sets of a TLB are a power of two");
  check(ways_ > 0 && ways_ <= 256, "a TLB has 1 to 256 ways");
}

void Tlb::flush(PageNumber page) noexcept {
  if (Slot* slot = find(page)) *slot = {};
}

void Tlb::flush_range(PageNumber first, PageNumber last) noexcept {
  const auto low = static_cast<std::uint64_t>(first);
  const auto high = static_cast<std::uint64_t>(last);
  if (high - low < slots_.size() / stride_) {
    for (std::uint64_t page = low; page <= high; ++page) flush(PageNumber{page});
    return;
  }
  for (Slot& slot : slots_)
    if (slot.tag >= low && slot.tag <= high) slot = {};
}

void Tlb::flush_all() noexcept {
  for (Slot& slot : slots_) slot = {};
}

}  // namespace pagesim::hardware
