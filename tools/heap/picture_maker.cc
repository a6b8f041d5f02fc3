// PictureMaker: regions and lists as the walk tells them, and the states that follow from both.
#include "tools/heap/picture_maker.h"

#include <algorithm>

namespace tools::heap {
namespace {

using allocator::ChunkRole;

/// What the segment alone tells.
ChunkState state_of(ChunkRole role) {
  switch (role) {
    case ChunkRole::InUse:
      return ChunkState::InUse;
    case ChunkRole::Free:
      return ChunkState::Unlisted;
    case ChunkRole::Top:
      return ChunkState::Top;
    case ChunkRole::Fence:
      return ChunkState::Fence;
    case ChunkRole::Broken:
      return ChunkState::Broken;
  }
  return ChunkState::Broken;
}

ChunkState state_of(ListKind kind) {
  switch (kind) {
    case ListKind::ThreadCache:
      return ChunkState::ThreadCache;
    case ListKind::Depot:
      return ChunkState::Depot;
    case ListKind::Fast:
      return ChunkState::Fast;
    case ListKind::Unsorted:
      return ChunkState::Unsorted;
    case ListKind::Small:
      return ChunkState::Small;
    case ListKind::Large:
      return ChunkState::Large;
  }
  return ChunkState::Unlisted;
}

std::uint64_t size_of(std::uint64_t head, ChunkRole role) {
  if (role == ChunkRole::Broken) return 0;
  const std::uint64_t size = head & ~allocator::kSizeBits;
  return role == ChunkRole::Fence ? std::max<std::uint64_t>(size, allocator::kChunkHeader) : size;
}

}  // namespace

void PictureMaker::segment(allocator::Segment segment) {
  regions_.push_back({.owner = segment.arena,
                      .searched = searched_,
                      .begin = segment.begin,
                      .end = segment.begin});
  searched_ = false;
}

void PictureMaker::chunk(VirtAddr at, std::uint64_t head, ChunkRole role) {
  Region& region = regions_.back();
  const Chunk chunk{.at = at,
                    .size = size_of(head, role),
                    .flags = static_cast<std::uint8_t>(head & allocator::kSizeBits),
                    .state = state_of(role)};
  region.end = chunk.end();
  region.chunks.push_back(chunk);
}

void PictureMaker::list(ListKind kind, std::size_t number, VirtAddr owner) {
  lists_.push_back({.kind = kind, .number = number, .owner = owner});
}

bool PictureMaker::covers(VirtAddr at) const noexcept {
  return std::any_of(regions_.begin(), regions_.end(),
                     [at](const Region& region) { return region.begin <= at && at < region.end; });
}

std::vector<VirtAddr> PictureMaker::members_without_region() const {
  std::vector<VirtAddr> without;
  for (const List& list : lists_) {
    std::copy_if(list.chunks.begin(), list.chunks.end(), std::back_inserter(without),
                 [this](VirtAddr at) { return !covers(at); });
  }
  return without;
}

std::vector<PictureMaker::Member> PictureMaker::members() const {
  std::vector<Member> members;
  for (const List& list : lists_) {
    for (const VirtAddr chunk : list.chunks) {
      members.push_back({chunk, state_of(list.kind), static_cast<std::uint8_t>(list.number)});
    }
  }
  std::sort(members.begin(), members.end(),
            [](const Member& a, const Member& b) { return a.chunk < b.chunk; });
  return members;
}

void PictureMaker::tell_states(Region& region, const std::vector<Member>& members) {
  auto member = std::lower_bound(members.begin(), members.end(), region.begin,
                                 [](const Member& a, VirtAddr at) { return a.chunk < at; });
  for (Chunk& chunk : region.chunks) {
    while (member != members.end() && member->chunk < chunk.at) ++member;
    if (member == members.end()) return;
    if (member->chunk != chunk.at) continue;
    if (chunk.state != ChunkState::InUse && chunk.state != ChunkState::Unlisted) continue;
    chunk.state = member->state;
    chunk.number = member->number;
  }
}

HeapPicture PictureMaker::picture(const std::vector<VirtAddr>& caches) && {
  HeapPicture picture;
  const std::vector<Member> listed = members();
  for (Region& region : regions_) {
    tell_states(region, listed);
    for (const VirtAddr block : caches) {
      const auto chunk = std::lower_bound(region.chunks.begin(), region.chunks.end(),
                                          block - allocator::kChunkHeader,
                                          [](const Chunk& a, VirtAddr at) { return a.at < at; });
      if (chunk == region.chunks.end() || chunk->user() != block) continue;
      if (chunk->state == ChunkState::InUse) chunk->state = ChunkState::CacheBlock;
    }
  }
  picture.regions = std::move(regions_);
  picture.lists = std::move(lists_);
  return picture;
}

}  // namespace tools::heap
