// x86: page-table entry bits, page-fault error codes, traps, the shape of its addresses.
#pragma once

#include <cstdint>

#include "pagesim/hardware/entry.h"
#include "pagesim/ledger.h"

namespace pagesim::hardware::x86 {

inline constexpr Entry kPresent = 1u << 0;
inline constexpr Entry kWritable = 1u << 1;
inline constexpr Entry kUser = 1u << 2;
inline constexpr Entry kAccessed = 1u << 5;
inline constexpr Entry kDirty = 1u << 6;
inline constexpr Entry kPageSize = 1u << 7;  ///< PS
inline constexpr Entry kGlobal = 1u << 8;    ///< Linux: PROT_NONE while not present
inline constexpr Entry kNoExecute = Entry{1} << 63;
inline constexpr Entry kAddressMask = 0x000f'ffff'ffff'f000;

inline constexpr EntryFormat kFormat = {
    .present = {kPresent, kPresent},
    .writable = {kWritable, kWritable},
    .executable = {kNoExecute, 0},
    .user = {kUser, kUser},
    .accessed = {kAccessed, kAccessed},
    .dirty = {kDirty, kDirty},
    .large = {kPageSize, kPageSize},
    .page = kPresent | kUser,
    .table = kPresent | kWritable | kUser | kAccessed | kDirty,
    .prot_none = kGlobal,
    .address_mask = kAddressMask,
};

// Page-fault error code (spec/linux-faults section 2).
inline constexpr std::uint16_t kErrorProtection = 1u << 0;
inline constexpr std::uint16_t kErrorWrite = 1u << 1;
inline constexpr std::uint16_t kErrorUser = 1u << 2;
inline constexpr std::uint16_t kErrorFetch = 1u << 4;

inline constexpr std::uint8_t kTrapGeneralProtection = 13;
inline constexpr std::uint8_t kTrapPageFault = 14;

[[nodiscard]] constexpr std::uint16_t error_code(Access access, bool user, bool present) noexcept {
  unsigned code = present ? kErrorProtection : 0u;
  if (access == Access::Write) code |= kErrorWrite;
  if (access == Access::Execute) code |= kErrorFetch;
  if (user) code |= kErrorUser;
  return static_cast<std::uint16_t>(code);
}

}  // namespace pagesim::hardware::x86
