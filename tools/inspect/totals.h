// What a heap holds in memory, page by page.
#pragma once

#include <array>
#include <cstdint>

#include "tools/heap/picture.h"
#include "tools/inspect/snapshot.h"

namespace tools::inspect {

struct Sum {
  std::uint64_t chunks = 0;
  std::uint64_t bytes = 0;
};

/// Pages of one kind.
struct PageSums {
  std::array<std::uint64_t, 11> by_state{};  ///< in the order of pagesim::PageState
  std::uint64_t resident = 0;                ///< in memory, the zero page not counted
  std::uint64_t header_only = 0;  ///< resident, none of the program's bytes: only headers and links
  std::uint64_t free_only = 0;    ///< resident, and wholly inside a free chunk
  /// Resident pages by how much of them the program uses: nothing, up to a quarter, a half, three
  /// quarters, less than all, all.
  std::array<std::uint64_t, 6> by_use{};
};

struct Totals {
  std::array<Sum, heap::kChunkStates> by_state;  ///< of ChunkState
  std::uint64_t resident_free = 0;  ///< bytes of free chunks, top included, on resident pages
  std::uint64_t resident_used = 0;  ///< bytes of chunks in use on resident pages
  PageSums pages;                   ///< of the regions
};

/// `snapshot` as the picture was read from. Of one that does not know its pages' states, by_state
/// alone is meant.
[[nodiscard]] Totals totals_of(const heap::HeapPicture& picture, const Snapshot& snapshot);

}  // namespace tools::inspect
