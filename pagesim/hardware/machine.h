// The machine's geometry and knobs: page size, page-table levels, TLB, memory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pagesim::hardware {

enum class Arch : std::uint8_t { X86, Arm64 };

/// How a virtual address is cut up: page_shift bits of offset, then index bits for each level.
/// Levels are numbered from the leaf: level 0 is the PTE table, levels - 1 the root.
struct Geometry {
  Arch arch = Arch::X86;
  unsigned page_shift = 12;
  unsigned levels = 4;
  std::array<std::uint8_t, 5> index_bits = {9, 9, 9, 9, 0};  ///< leaf first
  unsigned entry_bytes = 8;                                  ///< of an entry as it lies in a table
  /// The first address past what a program's tables translate: half of the canonical addresses on
  /// x86-64, TTBR0's range on arm64, the split on i386.
  std::uint64_t user_end = std::uint64_t{1} << 47;
  unsigned physical_bits = 52;  ///< of addresses an entry can hold

  [[nodiscard]] constexpr std::size_t page_size() const noexcept {
    return std::size_t{1} << page_shift;
  }
  [[nodiscard]] constexpr std::size_t entries(unsigned level) const noexcept {
    return std::size_t{1} << index_bits[level];
  }
  /// Bits of address below an entry of this level: 12, 21, 30, 39 on x86-64.
  [[nodiscard]] constexpr unsigned shift(unsigned level) const noexcept {
    unsigned bits = page_shift;
    for (unsigned i = 0; i < level; ++i) bits += index_bits[i];
    return bits;
  }
  /// Bits of a virtual address the walk looks at: 48 on x86-64 with four levels.
  [[nodiscard]] constexpr unsigned address_bits() const noexcept { return shift(levels); }
  [[nodiscard]] constexpr bool is_32_bit() const noexcept { return address_bits() == 32; }
  /// 32-bit x86 with three levels: its directory has four entries of their own form.
  [[nodiscard]] constexpr bool is_pae() const noexcept { return is_32_bit() && levels == 3; }
  /// Linux's word for the tables of a level: "PGD" is the root, "PTE" the leaf.
  [[nodiscard]] constexpr std::string_view level_name(unsigned level) const noexcept {
    constexpr std::string_view kNames[] = {"PTE", "PMD", "PUD", "P4D"};
    return level + 1 == levels ? "PGD" : kNames[level];
  }
  /// Whether VmPTE counts the tables of a level: neither the root nor a P4D.
  [[nodiscard]] constexpr bool counts_in_vm_pte(unsigned level) const noexcept {
    return level + 1 < levels && level < 3;
  }
};

/// One array of a TLB. Sets are a power of two; without ways there is no such array.
struct TlbArrayGeometry {
  unsigned sets = 1;
  unsigned ways = 0;
};

/// The sizes of pages a TLB tells apart: what entries of level 0, 1 and 2 map (4 KiB, 2 MiB and
/// 1 GiB on x86-64).
inline constexpr unsigned kTlbPageSizes = 3;

/// The translation caches of a processor: a first level for data and one for instructions, and a
/// second for both, off unless asked for. A page whose size has no array is cached as pages of the
/// next smaller size that has. The first level always has arrays for the smallest.
struct TlbGeometry {
  using Level = std::array<TlbArrayGeometry, kTlbPageSizes>;
  Level data = {{{16, 4}, {8, 4}, {1, 4}}};
  Level instructions = {{{16, 8}, {1, 8}, {}}};
  Level second = {};
  /// Address spaces whose translations can be cached at a time (x86: PCIDs); 1: each switch
  /// flushes.
  unsigned asids = kMostAsids;

  static constexpr unsigned kMostAsids =
      4095;  ///< twelve bits, but for one number that says: empty
};

/// What the page walker writes back by itself, and what it asks. x86 always does both; on arm64
/// each is an option of the processor (FEAT_HAFDBS), and without it the first use is a fault.
struct Walker {
  bool sets_accessed = true;
  bool sets_dirty = true;
  /// x86-64: no data of pages with another protection key than 0 (CR4.PKE; PKRU as Linux sets it).
  bool protection_keys = false;
};

struct MachineConfig {
  Geometry geometry;
  TlbGeometry tlb;
  std::uint64_t memory_bytes = std::uint64_t{1} << 36;  ///< frames beyond it are not handed out
  unsigned online_cpus = 2;
  std::uint64_t seed = 1;  ///< of everything random a program can ask for
  Walker walker;
};

}  // namespace pagesim::hardware
