// ChunkMap: a heap's picture and its pages' states, to be compared.
#pragma once

#include <array>
#include <set>
#include <string>
#include <vector>

#include "tools/heap/picture.h"
#include "tools/inspect/snapshot.h"

namespace tools::inspect {

/// The main arena's chunks, from the heap's first byte on; and the pages of mapped ones.
struct ChunkMap {
  std::vector<std::array<std::uint64_t, 5>> chunks;
  std::multiset<std::vector<std::string>> mapped;  ///< the state of each page
  VirtAddr begin;
  VirtAddr end;

  /// `page`: what state a page is in.
  template <class Page>
  ChunkMap(const heap::HeapPicture& picture, Page page) {
    for (const heap::Region& region : picture.regions) {
      if (region.mapped) {
        mapped.insert(states(region, page));
        continue;
      }
      begin = region.begin;
      end = region.end;
      for (const heap::Chunk& chunk : region.chunks) {
        chunks.push_back({chunk.at - begin, chunk.size, chunk.flags,
                          static_cast<std::uint64_t>(chunk.state), chunk.number});
      }
      pages = states(region, page);
    }
  }
  std::vector<std::string> pages;  ///< of the heap

 private:
  template <class Page>
  static std::vector<std::string> states(const heap::Region& region, Page page) {
    std::vector<std::string> all;
    for (VirtAddr at = region.begin.align_down(kPage); at < region.end; at += kPage) {
      all.emplace_back(to_string(page(at)));
    }
    return all;
  }
};

}  // namespace tools::inspect
