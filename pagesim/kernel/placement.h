// placement: where an area goes whose address the kernel chooses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "pagesim/kernel/mm.h"

namespace pagesim::kernel {

/// What asks for room.
struct Placement {
  std::size_t length = 0;      ///< whole pages
  const File* file = nullptr;  ///< null: private anonymous memory
  std::uint64_t offset = 0;    ///< bytes into the file
  VirtAddr hint{};             ///< where the program would have liked it; null: anywhere
};

/// Room for an area. With thp_placement, memory that could be of huge pages lies where its huge
/// pages are aligned, if there is room for one more than it needs; else where it fits, as without.
[[nodiscard]] std::optional<VirtAddr> choose_area(Mm& mm, const Placement& wanted);

}  // namespace pagesim::kernel
