// Chunk after chunk, without a word asked for that was not read.
#include "tools/inspect/skim.h"

#include <algorithm>

#include "allocator/chunk.h"
#include "allocator/policy.h"

namespace tools::inspect {
namespace {

using allocator::kAlignment;
using allocator::kChunkHeader;
using allocator::kMinSize;
using pagesim::VirtAddr;

/// A chunk's header and its links, or a block's in a thread's cache.
constexpr std::size_t kOwnWords = kChunkHeader + 4 * allocator::kWord;

std::uint64_t word_at(const std::byte* bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

template <class Policy>
bool may_hold_cache(std::size_t size) {
  constexpr std::size_t kSize = bytes(allocator::padded_size(Policy::kTcacheBlock));
  return size == kSize || size == kSize + kAlignment;  // with a rest too small to be a chunk
}

/// Where the first chunk lies behind the records of a mapped heap; 0: this is none of that layout.
template <class Policy>
std::size_t first_chunk_of_heap(VirtAddr begin, const std::byte* bytes) {
  const VirtAddr arena{word_at(bytes)}, prev{word_at(bytes + allocator::kWord)};
  const VirtAddr first = begin + Policy::kHeapHeader;
  if (arena == first) return (first + Policy::kArenaRecord).align_up(kAlignment) - begin;
  return !arena.is_null() && !prev.is_null() && prev.is_aligned(kPage) ? first - begin : 0;
}

}  // namespace

Skim::Skim(VirtAddr begin, VirtAddr end)
    : begin_{begin}, bytes_{end - begin}, lines_(bytes_ / kPage), whole_from_{lines_.size()} {}

LineMask Skim::lines(std::size_t page) const noexcept {
  if (page >= whole_from_ || page < kWholeAtFirst) return kAllLines;
  return lines_[page] | LineMask{1} | LineMask{1} << 63;
}

void Skim::look(std::size_t first, const std::byte* bytes, std::size_t pages) {
  const std::size_t from = first * kPage, to = from + pages * kPage;
  if (first == 0) begin_at_first_chunk(bytes);
  if (next_ < from) lose();  // its header was not there
  if (whole_from_ == lines_.size()) follow(bytes, from, to);
}

void Skim::begin_at_first_chunk(const std::byte* bytes) {
  if (!begin_.is_aligned(allocator::Glibc236::kHeapMax)) return;
  for (const std::size_t first : {first_chunk_of_heap<allocator::Faultline>(begin_, bytes),
                                  first_chunk_of_heap<allocator::Glibc236>(begin_, bytes)}) {
    if (first == 0 || first + kChunkHeader > kPage) continue;
    const std::uint64_t head = word_at(bytes + first + allocator::kWord);
    if ((head & ~allocator::kSizeBits) >= kMinSize) next_ = first;
  }
}

/// `bytes` are those [from, to) of the area.
void Skim::follow(const std::byte* bytes, std::size_t from, std::size_t to) {
  while (next_ < to) {
    const std::uint64_t head = word_at(bytes + (next_ - from) + allocator::kWord);
    const std::size_t size = head & ~allocator::kSizeBits;
    if (size < kMinSize || size % kAlignment != 0 || size > bytes_ - next_) return lose();
    keep_chunk(next_, head);
    next_ += size;
  }
}

void Skim::keep_chunk(std::size_t at, std::uint64_t head) {
  const std::size_t size = head & ~allocator::kSizeBits;
  keep(at, kOwnWords);
  if (may_hold_cache<allocator::Glibc236>(size) || may_hold_cache<allocator::Faultline>(size)) {
    keep(at, size);
  }
  // memalign moved such a chunk up in its mapping, and left this header as it was.
  if ((head & allocator::kIsMmapped) != 0) keep(at, kPage);
}

void Skim::keep(std::size_t at, std::size_t bytes) {
  const std::size_t end = std::min(at + bytes, bytes_);
  for (std::size_t line = at / kLine; line * kLine < end; ++line) {
    lines_[line / 64] |= LineMask{1} << line % 64;
  }
}

}  // namespace tools::inspect
