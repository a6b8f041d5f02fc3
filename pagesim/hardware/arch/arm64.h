// arm64: descriptor bits of stage 1, the syndrome register, the vectors.
#pragma once

#include <cstdint>

#include "pagesim/hardware/entry.h"
#include "pagesim/ledger.h"

namespace pagesim::hardware::arm64 {

// Descriptors. Bits 1:0: 3 is a table, or at the last level a page; 1 is a block.
inline constexpr Entry kValid = 1u << 0;
inline constexpr Entry kTableOrPage = 1u << 1;
inline constexpr Entry kAttrIndx = 7u << 2;
inline constexpr Entry kAp1 = 1u << 6;  ///< AP[1]: EL0 may access
inline constexpr Entry kAp2 = 1u << 7;  ///< AP[2]: read-only
inline constexpr Entry kSh = 3u << 8;   ///< inner shareable
inline constexpr Entry kAf = 1u << 10;
inline constexpr Entry kNg = 1u << 11;         ///< Linux: PROT_NONE while not valid
inline constexpr Entry kDbm = Entry{1} << 51;  ///< Linux: PTE_WRITE
inline constexpr Entry kContiguous = Entry{1} << 52;
inline constexpr Entry kPxn = Entry{1} << 53;
inline constexpr Entry kUxn = Entry{1} << 54;
inline constexpr Entry kDirty = Entry{1} << 55;    ///< Linux: PTE_DIRTY
inline constexpr Entry kSpecial = Entry{1} << 56;  ///< Linux: PTE_SPECIAL
inline constexpr Entry kPxnTable = Entry{1} << 59;

/// LPA2 (52-bit addresses with pages of 4 and 16 KiB) takes the shareability bits for the address.
[[nodiscard]] constexpr EntryFormat format(unsigned page_shift, bool lpa2 = false) noexcept {
  constexpr Entry kTable = kValid | kTableOrPage | kAf | kPxnTable;
  return EntryFormat{
      .present = {kValid, kValid},
      .writable = {kDbm, kDbm},
      .executable = {kUxn, 0},
      .user = {kAp1, kAp1},
      .accessed = {kAf, kAf},
      .dirty = {kAp2, 0},
      .large = {kTableOrPage, 0},
      .page = kValid | kTableOrPage | kAp1 | kAp2 | (lpa2 ? 0 : kSh) | kAf | kNg | kPxn,
      .table = kTable,
      .root_table = kTable,
      .prot_none = kNg,
      .saved_dirty = kDirty,
      .written = kDirty,
      .special = kSpecial,
      .address_mask = (Entry{1} << 48) - (Entry{1} << page_shift),
  }
      .with_stored();
}
inline constexpr EntryFormat kFormat4k = format(12);
inline constexpr EntryFormat kFormat16k = format(14);
inline constexpr EntryFormat kFormat64k = format(16);
inline constexpr EntryFormat kFormat4kLpa2 = format(12, true);
inline constexpr EntryFormat kFormat16kLpa2 = format(14, true);

// ESR_EL1: exception class 31:26, instruction length 25, syndrome 24:0 (section 13).
enum class ExceptionClass : std::uint8_t {
  InstructionAbortLower = 0x20,  ///< from EL0
  InstructionAbortSame = 0x21,
  DataAbortLower = 0x24,
  DataAbortSame = 0x25
};
inline constexpr std::uint32_t kIl = 1u << 25;  ///< a 32-bit instruction
inline constexpr std::uint32_t kCm = 1u << 8;   ///< a cache maintenance instruction
inline constexpr std::uint32_t kWnr = 1u << 6;  ///< a write

/// What a fault status tells, the level left out.
enum class FaultStatus : std::uint8_t { Translation = 0x04, AccessFlag = 0x08, Permission = 0x0c };

/// DFSC or IFSC. Levels are those of the architecture, 3 the last; the one above 0 has a code of
/// its own.
[[nodiscard]] constexpr std::uint16_t fault_status(FaultStatus status, int level) noexcept {
  constexpr int kTranslationLevelMinus1 = 0x2b;
  if (level < 0) return kTranslationLevelMinus1;
  return static_cast<std::uint16_t>(static_cast<int>(status) + level);
}
[[nodiscard]] constexpr ExceptionClass exception_class(Access access, bool user) noexcept {
  if (access == Access::Execute)
    return user ? ExceptionClass::InstructionAbortLower : ExceptionClass::InstructionAbortSame;
  return user ? ExceptionClass::DataAbortLower : ExceptionClass::DataAbortSame;
}
[[nodiscard]] constexpr ExceptionClass exception_class(std::uint32_t esr) noexcept {
  return ExceptionClass{static_cast<std::uint8_t>(esr >> 26)};
}
/// Cache maintenance sets WnR without being a write.
[[nodiscard]] constexpr bool is_write(std::uint32_t esr) noexcept {
  return (esr & kWnr) != 0 && (esr & kCm) == 0;
}
/// Offset from VBAR_EL1 of the vector taken: synchronous, from 64-bit EL0 or from EL1 with SP_EL1.
[[nodiscard]] constexpr std::uint16_t vector(std::uint32_t esr) noexcept {
  const ExceptionClass exception = exception_class(esr);
  const bool user = exception == ExceptionClass::InstructionAbortLower ||
                    exception == ExceptionClass::DataAbortLower;
  return user ? 0x400 : 0x200;
}

}  // namespace pagesim::hardware::arm64
