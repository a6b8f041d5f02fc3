// Tlb: looking up, filling, flushing; who runs.
#include "pagesim/hardware/tlb.h"

#include <algorithm>

#include "pagesim/check.h"

namespace pagesim::hardware {

Tlb::Tlb(const TlbGeometry& geometry, const Geometry& addresses)
    : sizes_{std::min(kTlbPageSizes, addresses.levels)},
      address_mask_{entry_format(addresses).address_mask},
      owners_(geometry.asids) {
  check(geometry.asids > 0 && geometry.asids <= TlbGeometry::kMostAsids,
        "a TLB has 1 to 4095 ASIDs");
  for (unsigned size = 0; size < sizes_; ++size) {
    shifts_[size] = addresses.shift(size);
    data_.emplace_back(geometry.data[size]);
    instructions_.emplace_back(geometry.instructions[size]);
    second_.emplace_back(geometry.second[size]);
    has_second_ |= second_.back().exists();
  }
  check(data_[0].exists() && instructions_[0].exists(), "the first level has the smallest pages");
}

void Tlb::run(TlbContext& context) {
  if (running_ != nullptr) {
    rest(*running_);
    ++counters.switches;
  }
  if (!context.has_asid) give_asid(context);
  running_ = &context;
  context.first = {&data_[0], &data_[0], &instructions_[0]};
  context.direct = !has_second_;
}

void Tlb::rest(TlbContext& context) noexcept {
  context.first = {&nothing_, &nothing_, &nothing_};
  context.direct = false;
  if (running_ == &context) running_ = nullptr;
}

void Tlb::give_asid(TlbContext& context) {
  const std::size_t number = next_asid_;
  next_asid_ = (next_asid_ + 1) % owners_.size();
  if (TlbContext* owner = owners_[number]; owner != nullptr) {
    ++counters.asid_flushes;
    (void)flush_all(*owner);
    owner->has_asid = false;
  }
  owners_[number] = &context;
  context.asid = std::uint64_t{number} << kAsidShift;
  context.has_asid = true;
}

void Tlb::forget(TlbContext& context) {
  rest(context);
  if (!context.has_asid) return;
  (void)flush_all(context);
  owners_[context.asid >> kAsidShift] = nullptr;
  context.has_asid = false;
}

Tlb::Found Tlb::find(const TlbContext& context, VirtAddr at, Access access) noexcept {
  for (Arrays* arrays : {&first_level(access), &second_})
    for (unsigned size = 0; size < sizes_; ++size)
      if (TlbArray::Slot* slot = (*arrays)[size].find(tag(context, at, size)))
        return {slot, size, arrays == &second_};
  return {};
}

void Tlb::insert(Arrays& arrays, const TlbContext& context, VirtAddr at, Entry entry,
                 unsigned level) noexcept {
  unsigned size = std::min(level, sizes_ - 1);
  while (size > 0 && !arrays[size].exists()) --size;
  if (!arrays[size].exists()) return;
  const std::uint64_t wanted = tag(context, at, size);
  if (TlbArray::Slot* slot = arrays[size].find(wanted))
    slot->entry = cut(entry, level, size, at);
  else
    arrays[size].insert(wanted, cut(entry, level, size, at));
}

void Tlb::fill(const TlbContext& context, VirtAddr at, Access access, Entry entry, unsigned level,
               bool to_second) noexcept {
  insert(first_level(access), context, at, entry, level);
  if (to_second) insert(second_, context, at, entry, level);
}

CachedTranslation Tlb::translation(const TlbArray::Slot& slot, unsigned level) const noexcept {
  const std::uint64_t page = slot.tag & ((std::uint64_t{1} << kAsidShift) - 1);
  return {VirtAddr{page << shifts_[level]}, level, slot.entry};
}

std::size_t Tlb::flush(const TlbContext& context, VirtAddr start, VirtAddr end,
                       std::vector<CachedTranslation>* dropped) {
  if (!context.has_asid || start == end) return 0;
  std::size_t count = 0;
  for (Arrays* arrays : {&data_, &instructions_, &second_})
    for (unsigned size = 0; size < sizes_; ++size)
      (*arrays)[size].flush_range(tag(context, start, size), tag(context, end - 1, size),
                                  [&](const TlbArray::Slot& slot) {
                                    ++count;
                                    if (dropped != nullptr)
                                      dropped->push_back(translation(slot, size));
                                  });
  return count;
}

std::vector<CachedTranslation> Tlb::cached(const TlbContext& context) const {
  std::vector<CachedTranslation> found;
  if (!context.has_asid) return found;
  for (const Arrays* arrays : {&data_, &instructions_, &second_})
    for (unsigned size = 0; size < sizes_; ++size)
      for (const TlbArray::Slot& slot : (*arrays)[size].slots())
        if (slot.tag != TlbArray::kEmpty && slot.tag >> kAsidShift == context.asid >> kAsidShift)
          found.push_back(translation(slot, size));
  return found;
}

}  // namespace pagesim::hardware
