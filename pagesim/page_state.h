// What can be asked about a page: its state in one word, its mapping letters, its walk.
#pragma once

#include <cstdint>
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

/// One level of a page walk, root first. `entry` is the raw bits; a walk ends at the first entry
/// that does not point to a table.
struct WalkStep {
  unsigned level = 0;  ///< 0: the PTE
  std::uint64_t index = 0;
  std::uint64_t entry = 0;
  std::uint64_t table = 0;  ///< physical address of the table the entry was read from
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
