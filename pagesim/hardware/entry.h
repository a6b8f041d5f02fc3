// The bits of a page-table entry, whatever the architecture calls them.
#pragma once

#include <cstdint>

#include "pagesim/hardware/machine.h"
#include "pagesim/hardware/physical_memory.h"

namespace pagesim::hardware {

using Entry = std::uint64_t;

/// A property that holds while the masked bits have one value; on some architectures the bit says
/// the opposite (arm64: read-only, x86: no-execute).
struct EntryBit {
  Entry mask = 0;
  Entry value = 0;

  [[nodiscard]] constexpr bool in(Entry entry) const noexcept { return (entry & mask) == value; }
  [[nodiscard]] constexpr Entry set(Entry entry) const noexcept { return (entry & ~mask) | value; }
  [[nodiscard]] constexpr Entry clear(Entry entry) const noexcept {
    return (entry & ~mask) | (~value & mask);
  }
};

/// Where one architecture keeps what the walker and the kernel need.
struct EntryFormat {
  EntryBit present;
  EntryBit writable;
  EntryBit executable;
  EntryBit user;
  EntryBit accessed;
  EntryBit dirty;
  EntryBit large;       ///< above level 0: maps memory, not a table
  Entry page = 0;       ///< fixed bits of an entry of level 0
  Entry table = 0;      ///< fixed bits of an entry that points to a table
  Entry prot_none = 0;  ///< with `present` clear: mapped, but no access (ignored by hardware)
  Entry address_mask = 0;

  [[nodiscard]] constexpr FrameNumber frame(Entry entry, unsigned page_shift) const noexcept {
    return FrameNumber{static_cast<std::uint32_t>((entry & address_mask) >> page_shift)};
  }
};

/// The format of an architecture; lives as long as the program.
[[nodiscard]] const EntryFormat& entry_format(const Geometry& geometry) noexcept;

}  // namespace pagesim::hardware
