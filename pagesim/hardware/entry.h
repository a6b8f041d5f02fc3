// The bits of a page-table entry, whatever the architecture calls them.
#pragma once

#include <cstdint>

#include "pagesim/hardware/machine.h"
#include "pagesim/hardware/physical_memory.h"

namespace pagesim::hardware {

using Entry = std::uint64_t;

/// A property that holds while the masked bits have one value; on some architectures the bit says
/// the opposite (arm64: read-only, x86: no-execute). No bits: it always holds.
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
///
/// A store needs `writable` and `dirty`; the walker makes an entry dirty that is writable. On arm64
/// these are DBM and the absence of read-only: an entry must not be dirty without being writable,
/// or it could be stored to. While the kernel forbids the store, `saved_dirty` remembers.
struct EntryFormat {
  EntryBit present;
  EntryBit writable;
  EntryBit executable;
  EntryBit user;
  EntryBit accessed;
  EntryBit dirty;
  EntryBit large;             ///< above level 0: maps memory, not a table
  EntryBit default_key = {};  ///< x86-64: the protection key is 0; elsewhere there are no keys
  Entry page = 0;             ///< fixed bits of an entry of level 0
  Entry table = 0;            ///< fixed bits of an entry that points to a table
  Entry root_table = 0;       ///< the same in the root
  Entry prot_none = 0;        ///< with `present` clear: mapped, but no access (ignored by hardware)
  Entry saved_dirty = 0;      ///< Linux: dirty, although no store is allowed now; 0: `dirty` stays
  Entry written = 0;          ///< Linux: set with `dirty` when the kernel sets it
  Entry special = 0;          ///< Linux: the zero page; nobody counts its mappings
  Entry execute_key = 0;      ///< Linux: the protection key of execute-only pages
  Entry address_mask = 0;
  EntryBit stored = {};  ///< writable, dirty, accessed: as after a store; set by with_stored

  [[nodiscard]] constexpr EntryFormat with_stored() const noexcept {
    EntryFormat format = *this;
    format.stored = {
        writable.mask | dirty.mask | accessed.mask | saved_dirty | written,
        writable.value | dirty.value | accessed.value | written,
    };
    return format;
  }
  [[nodiscard]] constexpr FrameNumber frame(Entry entry, unsigned page_shift) const noexcept {
    return FrameNumber{static_cast<std::uint32_t>((entry & address_mask) >> page_shift)};
  }
};

/// The format of an architecture; lives as long as the program.
[[nodiscard]] const EntryFormat& entry_format(const Geometry& geometry) noexcept;

}  // namespace pagesim::hardware
