// What can be asked about a page: its state in one word, its mapping letters, its walk.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pagesim/address.h"

namespace pagesim {

/// A page as a program could see it, in the words of the truth vectors.
enum class PageState : std::uint8_t {
  Absent,
  Swap,
  Guard,
  Zero,
  HugeZero,
  Anon,        ///< mapped once in the whole machine
  AnonShared,  ///< mapped by more than one process
  Huge,
  HugeShared,
  File,
  Shmem
};
/// "absent", "anon_shared", "huge_zero".
[[nodiscard]] std::string_view to_string(PageState state) noexcept;

/// What an entry of a page table stands for.
enum class EntryKind : std::uint8_t {
  Empty,
  Table,
  Page,      ///< present: maps a page, above level 0 a block
  ProtNone,  ///< mapped, but no access is allowed
  Swap,      ///< the page is in swap
  Guard      ///< MADV_GUARD_INSTALL
};
/// "empty", "table", "page", "prot_none", "swap", "guard".
[[nodiscard]] std::string_view to_string(EntryKind kind) noexcept;

/// One level of a page walk, root first. A walk ends at the first entry that does not point to a
/// table.
struct WalkStep {
  unsigned level = 0;     ///< 0: the PTE
  std::string_view name;  ///< Linux's word for the level: "PGD", "P4D", "PUD", "PMD", "PTE"
  std::uint64_t index = 0;
  std::uint64_t entry = 0;  ///< raw bits
  std::uint64_t table = 0;  ///< physical address of the table the entry was read from
  EntryKind kind = EntryKind::Empty;
  /// The bits that are set, in the architecture's words and Linux's for its own ("P", "R/W", "A",
  /// "SPECIAL"); none for an entry hardware does not read.
  std::vector<std::string> bits;
  std::optional<std::uint64_t> frame;  ///< the entry's: of a table, of a page, or first of a block
};

/// Pages first to last, both included.
struct PageRun {
  PageNumber first{};
  PageNumber last{};

  friend bool operator==(const PageRun&, const PageRun&) = default;
};

/// One line of /proc/PID/maps.
struct MapLine {
  VirtAddr start;
  VirtAddr end;
  int prot = 0;
  bool shared = false;
  std::uint64_t file_offset = 0;  ///< bytes
  std::string name;               ///< file, "[heap]", "[stack]", or empty

  friend bool operator==(const MapLine&, const MapLine&) = default;
};

}  // namespace pagesim
