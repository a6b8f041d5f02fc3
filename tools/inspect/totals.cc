// Chunks summed page by page.
#include "tools/inspect/totals.h"

#include <algorithm>

namespace tools::inspect {
namespace {

using heap::Chunk;
using heap::ChunkState;
using heap::Region;

bool is_resident(PageState state) {
  return state == PageState::Anon || state == PageState::AnonShared || state == PageState::Huge ||
         state == PageState::HugeShared;
}
bool is_used(ChunkState state) {
  return state == ChunkState::InUse || state == ChunkState::Mmapped;
}

/// What of a page belongs to whom. Bytes.
struct PageUse {
  std::uint64_t used = 0;     ///< of chunks in use, header included
  std::uint64_t free = 0;     ///< of free chunks
  std::uint64_t headers = 0;  ///< of any chunk that is not in use
};

class PageCounter {
 public:
  PageCounter(const Snapshot& snapshot, Totals& totals) : snapshot_{snapshot}, totals_{totals} {}

  void region(const Region& region) {
    chunk_ = region.chunks.begin();
    end_ = region.chunks.end();
    for (VirtAddr page = region.begin.align_down(kPage); page < region.end; page += kPage) {
      count(page, use_of(page));
    }
  }

 private:
  PageUse use_of(VirtAddr page) {
    const VirtAddr page_end = page + kPage;
    PageUse use;
    while (chunk_ != end_ && chunk_->end() <= page) ++chunk_;
    for (auto chunk = chunk_; chunk != end_ && chunk->at < page_end; ++chunk) {
      const std::uint64_t here = std::min(chunk->end(), page_end) - std::max(chunk->at, page);
      (is_used(chunk->state) ? use.used : use.free) += here;
      if (!is_used(chunk->state) && chunk->at >= page) use.headers += allocator::kChunkHeader;
      if (!heap::is_free(chunk->state) && !is_used(chunk->state)) use.headers += here;
    }
    return use;
  }

  void count(VirtAddr page, const PageUse& use) {
    const PageState state = snapshot_.page(page);
    PageSums& pages = totals_.pages;
    ++pages.by_state[static_cast<std::size_t>(state)];
    if (!is_resident(state)) return;
    ++pages.resident;
    totals_.resident_free += use.free;
    totals_.resident_used += use.used;
    if (use.used == 0) ++(use.headers != 0 ? pages.header_only : pages.free_only);
    ++pages.by_use[(use.used * 4 + kPage - 1) / kPage + (use.used == kPage ? 1 : 0)];
  }

  const Snapshot& snapshot_;
  Totals& totals_;
  std::vector<Chunk>::const_iterator chunk_;
  std::vector<Chunk>::const_iterator end_;
};

}  // namespace

Totals totals_of(const heap::HeapPicture& picture, const Snapshot& snapshot) {
  Totals totals{};
  PageCounter counter{snapshot, totals};
  for (const Region& region : picture.regions) {
    for (const Chunk& chunk : region.chunks) {
      Sum& sum = totals.by_state[static_cast<std::size_t>(chunk.state)];
      ++sum.chunks;
      sum.bytes += chunk.size;
    }
    if (snapshot.knows_pages) counter.region(region);
  }
  return totals;
}

}  // namespace tools::inspect
