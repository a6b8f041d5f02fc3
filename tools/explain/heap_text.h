// A heap in a terminal: chunk by chunk with its pages, then lists, arenas and thresholds.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tools/explain/page_run.h"
#include "tools/heap/picture.h"

namespace tools::explain {

/// How a heap's bytes are called, and which of it is drawn.
struct HeapWords {
  std::function<std::string(pagesim::VirtAddr)> address;  ///< "heap+0x290"
  std::function<std::string(pagesim::VirtAddr)> chunk;    ///< "heap+0x290 (p)"
  /// Of [begin, end); null: pages are not drawn.
  std::function<std::vector<PagesAlike>(pagesim::VirtAddr, pagesim::VirtAddr)> pages;
  std::size_t most_rows = 40;  ///< of a region
  /// The chunk with a row of its own that is always shown and begins with ">"; null: none.
  pagesim::VirtAddr marked{};
};

/// "in use", "thread cache 63", "small bin 12".
[[nodiscard]] std::string state_text(const heap::Chunk& chunk);
/// "P--", "PM-", "P-A".
[[nodiscard]] std::string flags_text(std::uint8_t flags);

/// Lines of at most style.width characters. Neighbours that are alike share a row.
[[nodiscard]] std::string heap_text(const heap::HeapPicture& picture, const HeapWords& words,
                                    const Style& style);

// Its parts.

/// Every region, up to and including its first broken chunk, with the rule that this one breaks.
[[nodiscard]] std::string regions_text(const heap::HeapPicture& picture, const HeapWords& words,
                                       const Style& style);
/// The row of one chunk.
[[nodiscard]] std::string chunk_text(const heap::Chunk& chunk, const HeapWords& words,
                                     const Style& style);
/// Bins, depots and thread caches that are not empty.
[[nodiscard]] std::string lists_text(const heap::HeapPicture& picture, const HeapWords& words,
                                     const Style& style);
[[nodiscard]] std::string arenas_text(const heap::HeapPicture& picture, const HeapWords& words,
                                      const Style& style);
/// Those that are known; "unknown" if none is.
[[nodiscard]] std::string thresholds_text(const heap::Thresholds& thresholds, const Style& style);
/// "broken: a header is bad, at heap+0x290"; empty: nothing is.
[[nodiscard]] std::string broken_text(const heap::HeapPicture& picture, const HeapWords& words,
                                      const Style& style);

}  // namespace tools::explain
