// AreaIndex: areas come and go, chunks are cut and joined.
#include "pagesim/kernel/area_index.h"

#include <algorithm>

#include "pagesim/check.h"

namespace pagesim::kernel {

namespace {

/// How many of `n` ascending addresses are not above `at`. Branches would be guessed wrong as often
/// as right, so there are none; three looks at a time wait for memory together.
[[gnu::always_inline]] inline std::size_t count_up_to(const VirtAddr* sorted, std::size_t n,
                                                      VirtAddr at) noexcept {
  const VirtAddr* base = sorted;
  const auto passes = [&](std::size_t i) { return static_cast<std::size_t>(base[i] <= at); };
  while (n > 3) {
    const std::size_t quarter = n / 4;
    base += quarter * (passes(quarter) + passes(2 * quarter) + passes(3 * quarter));
    n -= 3 * quarter;
  }
  std::size_t rest = passes(0);
  for (std::size_t i = 1; i < n; ++i) rest += passes(i);
  return static_cast<std::size_t>(base - sorted) + rest;
}

/// Makes room for one more among `size` elements.
template <class T>
void open_gap(T* elements, std::size_t size, std::size_t slot) noexcept {
  std::move_backward(elements + slot, elements + size, elements + size + 1);
}
template <class T>
void close_gap(T* elements, std::size_t size, std::size_t slot) noexcept {
  std::move(elements + slot + 1, elements + size, elements + slot);
}

}  // namespace

AreaIndex::AreaIndex() : bounds_{VirtAddr{}} { chunks_.push_back(std::make_unique<Chunk>()); }

AreaIndex::~AreaIndex() {
  for (const Vma& vma : *this) delete &vma;
}

AreaIndex::iterator AreaIndex::above(VirtAddr at) const noexcept {
  const std::size_t chunk = count_up_to(bounds_.data(), bounds_.size(), at) - 1;
  return position(chunk, count_up_to(chunks_[chunk]->ends.data(), kChunk, at));
}

AreaIndex::iterator AreaIndex::search(VirtAddr at) noexcept {
  const iterator place = above(at);
  if (place != end()) remember(place);
  return place;
}

void AreaIndex::remember(iterator place) noexcept {
  const auto& ends = (*place.chunk_)->ends;
  const VirtAddr from = place.slot_ > 0 ? ends[place.slot_ - 1] : bounds_[index_of(place)];
  found_ = {from, ends[place.slot_] - from, &*place, place};
}

Vma& AreaIndex::insert(Vma vma) {
  const iterator above = upper_bound(vma.start);
  check(above == end() || above->start >= vma.end, "a new area lies where none was");
  const iterator place = make_room(above);
  Chunk& chunk = **place.chunk_;
  open_gap(chunk.ends.data(), chunk.size, place.slot_);
  open_gap(chunk.areas.data(), chunk.size, place.slot_);
  chunk.areas[place.slot_] = new Vma(std::move(vma));
  ++chunk.size;
  ++size_;
  keep_end(place);
  return *place;
}

AreaIndex::iterator AreaIndex::make_room(const_iterator above) {
  const bool is_last = above == end();
  const std::size_t chunk = is_last ? chunks_.size() - 1 : index_of(above);
  const std::size_t slot = is_last ? chunks_[chunk]->size : above.slot_;
  const auto here = [this](std::size_t index, std::size_t at) {
    return iterator{chunks_.begin() + static_cast<std::ptrdiff_t>(index), at};
  };
  if (chunks_[chunk]->size < kChunk) return here(chunk, slot);
  const std::size_t kept = slot == kChunk ? kChunk : kChunk / 2;  // ascending: all stay full
  cut(chunk, kept);
  return slot < kept ? here(chunk, slot) : here(chunk + 1, slot - kept);
}

void AreaIndex::keep_end(iterator place) noexcept {
  const std::size_t chunk = index_of(place);
  (*place.chunk_)->ends[place.slot_] = place->end;
  bounds_[chunk] = std::min(bounds_[chunk], place->start);
  if (chunk + 1 < bounds_.size()) bounds_[chunk + 1] = std::max(bounds_[chunk + 1], place->end);
  remember(place);
}

void AreaIndex::set_end(Vma& vma, VirtAddr end) noexcept {
  const iterator place = upper_bound(vma.start);
  vma.end = end;
  keep_end(place);
}

AreaIndex::iterator AreaIndex::erase(const_iterator area) {
  found_ = {};
  std::size_t index = index_of(area);
  std::size_t slot = area.slot_;
  Chunk& chunk = *chunks_[index];
  delete chunk.areas[slot];
  close_gap(chunk.ends.data(), chunk.size, slot);
  close_gap(chunk.areas.data(), chunk.size, slot);
  chunk.ends[--chunk.size] = kNoEnd;
  --size_;
  join(index);
  const std::size_t below = index > 0 ? chunks_[index - 1]->size : 0;
  if (index > 0 && join(index - 1)) {
    --index;
    slot += below;
  }
  return position(index, slot);
}

void AreaIndex::cut(std::size_t chunk, std::size_t slot) {
  Chunk& lower = *chunks_[chunk];
  auto upper = std::make_unique<Chunk>();
  upper->size = lower.size - slot;
  std::copy_n(lower.ends.data() + slot, upper->size, upper->ends.data());
  std::copy_n(lower.areas.data() + slot, upper->size, upper->areas.data());
  std::fill_n(lower.ends.data() + slot, upper->size, kNoEnd);
  lower.size = slot;
  const auto next = static_cast<std::ptrdiff_t>(chunk) + 1;
  bounds_.insert(bounds_.begin() + next, lower.ends[slot - 1]);
  chunks_.insert(chunks_.begin() + next, std::move(upper));
}

bool AreaIndex::join(std::size_t chunk) {
  if (chunk + 1 == chunks_.size()) return false;
  Chunk& lower = *chunks_[chunk];
  const Chunk& upper = *chunks_[chunk + 1];
  if (lower.size != 0 && upper.size != 0 && lower.size + upper.size > kChunk / 2) return false;
  std::copy_n(upper.ends.data(), upper.size, lower.ends.data() + lower.size);
  std::copy_n(upper.areas.data(), upper.size, lower.areas.data() + lower.size);
  lower.size += upper.size;
  const auto next = static_cast<std::ptrdiff_t>(chunk) + 1;
  bounds_.erase(bounds_.begin() + next);
  chunks_.erase(chunks_.begin() + next);
  return true;
}

}  // namespace pagesim::kernel
