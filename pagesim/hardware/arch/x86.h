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
inline constexpr Entry kPageSize = 1u << 7;           ///< PS
inline constexpr Entry kGlobal = 1u << 8;             ///< Linux: PROT_NONE while not present
inline constexpr Entry kSpecial = 1u << 9;            ///< Linux
inline constexpr Entry kSavedDirty = Entry{1} << 58;  ///< Linux 6.6, 64-bit
inline constexpr unsigned kProtectionKeyShift = 59;
inline constexpr Entry kProtectionKey = Entry{15} << kProtectionKeyShift;
inline constexpr Entry kNoExecute = Entry{1} << 63;
inline constexpr Entry kAddressMask = 0x000f'ffff'ffff'f000;

/// Entries of 8 bytes, four or five levels.
inline constexpr EntryFormat kFormat =
    EntryFormat{
        .present = {kPresent, kPresent},
        .writable = {kWritable, kWritable},
        .executable = {kNoExecute, 0},
        .user = {kUser, kUser},
        .accessed = {kAccessed, kAccessed},
        .dirty = {kDirty, kDirty},
        .large = {kPageSize, kPageSize},
        .default_key = {kProtectionKey, 0},
        .page = kPresent | kUser | kAccessed,
        .table = kPresent | kWritable | kUser | kAccessed | kDirty,
        .root_table = kPresent | kWritable | kUser | kAccessed | kDirty,
        .prot_none = kGlobal,
        .saved_dirty = kSavedDirty,
        .special = kSpecial,
        .execute_key = Entry{1} << kProtectionKeyShift,
        .address_mask = kAddressMask,
    }
        .with_stored();

/// Entries of x86's other modes: there are no protection keys.
[[nodiscard]] constexpr EntryFormat without_keys(EntryFormat format) noexcept {
  format.default_key = {};
  format.execute_key = 0;
  return format;
}

/// PAE: the four entries of the directory have no permission bits, those must be 0.
inline constexpr EntryFormat kPae = [] {
  EntryFormat format = without_keys(kFormat);
  format.root_table = kPresent;
  format.saved_dirty = 0;
  return format.with_stored();
}();

/// Entries of 4 bytes, two levels: nothing forbids execution.
inline constexpr EntryFormat kI386 = [] {
  EntryFormat format = without_keys(kFormat);
  format.executable = {};
  format.saved_dirty = 0;
  format.address_mask = 0xffff'f000;
  return format.with_stored();
}();

// Page-fault error code (spec/linux-faults section 2).
inline constexpr std::uint16_t kErrorProtection = 1u << 0;
inline constexpr std::uint16_t kErrorWrite = 1u << 1;
inline constexpr std::uint16_t kErrorUser = 1u << 2;
inline constexpr std::uint16_t kErrorFetch = 1u << 4;
inline constexpr std::uint16_t kErrorProtectionKey = 1u << 5;

inline constexpr std::uint8_t kTrapGeneralProtection = 13;
inline constexpr std::uint8_t kTrapPageFault = 14;

/// A fetch is told from a read only where execution can be forbidden.
[[nodiscard]] constexpr std::uint16_t error_code(Access access, bool user, bool present,
                                                 bool has_no_execute = true) noexcept {
  unsigned code = present ? kErrorProtection : 0u;
  if (access == Access::Write) code |= kErrorWrite;
  if (access == Access::Execute && has_no_execute) code |= kErrorFetch;
  if (user) code |= kErrorUser;
  return static_cast<std::uint16_t>(code);
}

}  // namespace pagesim::hardware::x86
