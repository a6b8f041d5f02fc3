// PictureMaker: the witness of a walk, which keeps what it is told.
#pragma once

#include <vector>

#include "tools/heap/picture.h"

namespace tools::heap {

/// See allocator::NoWitness.
class PictureMaker {
 public:
  static constexpr bool kWantsAll = true;
  void segment(allocator::Segment segment);
  void chunk(VirtAddr at, std::uint64_t head, allocator::ChunkRole role);
  void list(ListKind kind, std::size_t number, VirtAddr owner);
  void member(VirtAddr chunk) { lists_.back().chunks.push_back(chunk); }

  /// The segment told next was not known, but searched for.
  void next_is_searched() noexcept { searched_ = true; }

  [[nodiscard]] const std::vector<Region>& regions() const noexcept { return regions_; }
  [[nodiscard]] bool covers(VirtAddr at) const noexcept;
  /// Chunks that lists hold and no region has.
  [[nodiscard]] std::vector<VirtAddr> members_without_region() const;
  /// Regions, each chunk's state as the lists tell it, and the lists. `caches`: user addresses of
  /// chunks that hold a thread's cache.
  [[nodiscard]] HeapPicture picture(const std::vector<VirtAddr>& caches) &&;

 private:
  struct Member {
    VirtAddr chunk;
    ChunkState state;
    std::uint8_t number;
  };
  [[nodiscard]] std::vector<Member> members() const;
  static void tell_states(Region& region, const std::vector<Member>& members);

  std::vector<Region> regions_;
  std::vector<List> lists_;
  bool searched_ = false;
};

}  // namespace tools::heap
