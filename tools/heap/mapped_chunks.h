// Mmapped chunks, which no record of the allocator leads to: found where mappings begin.
#pragma once

#include <algorithm>
#include <map>
#include <vector>

#include "tools/heap/surroundings.h"

namespace tools::heap {

/// Looks for them in a process's anonymous memory: a header with the flag M whose mapping fits.
template <class M>
class MappedChunkSearch {
 public:
  MappedChunkSearch(M memory, const Surroundings& around, const std::vector<Region>& regions)
      : m_{memory}, around_{around} {
    for (const Region& region : regions) taken_[region.begin.align_down(kPage)] = region.end;
  }

  [[nodiscard]] std::vector<Region> find() {
    if (around_.thresholds.n_mmaps.value_or(1) == 0) return {};
    for (const Area& area : around_.areas) {
      for (VirtAddr page = area.begin; page < area.end;) page = search_page(area, page);
    }
    return std::move(found_);
  }

 private:
  static constexpr std::size_t kPage = 4096;

  /// Where to go on: behind the chunk found there, or the next page.
  VirtAddr search_page(Area area, VirtAddr page) {
    const VirtAddr taken = end_of_what_is_at(page);
    if (page < taken) return taken.align_up(kPage);
    if (!m_.is_there(page)) return page + kPage;
    const allocator::Chunk<M> p{m_, page};
    if (!is_mapped(p) || p.prev_size() != 0) return page + kPage;
    return try_aligned(area, page) || try_chunk(area, page, 0) ? found_.back().end : page + kPage;
  }

  /// memalign moves the chunk up in its mapping and leaves the first header as it was: the chunk
  /// lies where some alignment would have put it, and tells how far that is from the beginning.
  bool try_aligned(Area area, VirtAddr begin) {
    using allocator::kChunkHeader;
    for (std::size_t alignment = allocator::kMinSize; alignment < area.end - begin;
         alignment *= 2) {
      std::size_t lead = (begin + kChunkHeader).align_up(alignment) - kChunkHeader - begin;
      if (lead < allocator::kMinSize) lead += alignment;
      if (lead < area.end - begin && try_chunk(area, begin, lead)) return true;
    }
    return false;
  }

  [[nodiscard]] static bool is_mapped(allocator::Chunk<M> p) {
    return (p.head() & allocator::kSizeBits) == allocator::kIsMmapped;
  }
  bool try_chunk(Area area, VirtAddr begin, std::size_t lead) {
    const allocator::Chunk<M> p{m_, begin + lead};
    const std::size_t size = bytes(p.size());
    if (!is_mapped(p) || p.prev_size() != lead || size < allocator::kMinSize) return false;
    if (size > area.end - p.at() || !(p.at() + size).is_aligned(kPage)) return false;
    Region region{.owner = m_.globals(), .mapped = true, .begin = begin, .end = p.at() + size};
    region.chunks.push_back({.at = p.at(),
                             .size = size,
                             .flags = static_cast<std::uint8_t>(allocator::kIsMmapped),
                             .state = ChunkState::Mmapped});
    found_.push_back(std::move(region));
    return true;
  }

  /// Of the region that the byte lies in; the byte itself if it lies in none.
  [[nodiscard]] VirtAddr end_of_what_is_at(VirtAddr byte) const {
    const auto above = taken_.upper_bound(byte);
    return above == taken_.begin() ? byte : std::max(byte, std::prev(above)->second);
  }

  M m_;
  const Surroundings& around_;
  std::map<VirtAddr, VirtAddr> taken_;  ///< what is known: begin and end
  std::vector<Region> found_;
};

template <class M>
[[nodiscard]] std::vector<Region> find_mapped_chunks(M m, const Surroundings& around,
                                                     const std::vector<Region>& regions) {
  return MappedChunkSearch<M>{m, around, regions}.find();
}

}  // namespace tools::heap
