// TlbArray: construction.
#include "pagesim/hardware/tlb_array.h"

#include <algorithm>
#include <bit>

#include "pagesim/check.h"

namespace pagesim::hardware {

TlbArray::TlbArray(const TlbArrayGeometry& geometry)
    : set_mask_{geometry.sets - 1},
      ways_{geometry.ways},
      stride_{std::max(1u, (geometry.ways + kStep - 1) / kStep) * kStep},
      slots_(std::size_t{geometry.sets} * stride_),
      latest_{slots_.data()},
      turns_(geometry.sets) {
  check(std::has_single_bit(geometry.sets), "the sets of a TLB are a power of two");
  check(ways_ <= 255, "a TLB has at most 255 ways");
}

}  // namespace pagesim::hardware
