// HeapPicture: its words, and which chunk a byte lies in.
#include "tools/heap/picture.h"

#include <algorithm>

namespace tools::heap {

std::string_view to_string(ChunkState state) noexcept {
  constexpr std::string_view kNames[kChunkStates] = {
      "in use",    "cache block", "thread cache", "depot", "fast bin", "unsorted", "small bin",
      "large bin", "unlisted",    "top",          "fence", "mmapped",  "broken"};
  return kNames[static_cast<std::size_t>(state)];
}

std::string_view to_string(ListKind kind) noexcept {
  constexpr std::string_view kNames[] = {"thread cache", "depot", "fast",
                                         "unsorted",     "small", "large"};
  return kNames[static_cast<std::size_t>(kind)];
}

bool is_free(ChunkState state) noexcept {
  switch (state) {
    case ChunkState::ThreadCache:
    case ChunkState::Depot:
    case ChunkState::Fast:
    case ChunkState::Unsorted:
    case ChunkState::Small:
    case ChunkState::Large:
    case ChunkState::Unlisted:
    case ChunkState::Top:
      return true;
    default:
      return false;
  }
}

const Region* HeapPicture::region_at(VirtAddr byte) const noexcept {
  const auto above =
      std::upper_bound(regions.begin(), regions.end(), byte,
                       [](VirtAddr at, const Region& region) { return at < region.begin; });
  if (above == regions.begin()) return nullptr;
  const Region& region = *std::prev(above);
  return byte < region.end ? &region : nullptr;
}

const Chunk* HeapPicture::chunk_at(VirtAddr byte) const noexcept {
  const Region* const region = region_at(byte);
  if (region == nullptr) return nullptr;
  const auto above = std::upper_bound(region->chunks.begin(), region->chunks.end(), byte,
                                      [](VirtAddr a, const Chunk& chunk) { return a < chunk.at; });
  if (above == region->chunks.begin()) return nullptr;
  const Chunk& chunk = *std::prev(above);
  return byte < chunk.end() ? &chunk : nullptr;
}

}  // namespace tools::heap
