// Places of a run: offsets from the break, from mappings, from the heaps of arenas.
#include "tests/truth/address_book.h"

namespace truth {

using Base = Place::Base;

Place AddressBook::name(std::uint64_t address) const {
  if (address == 0) return {};
  for (std::size_t i = arenas_.size(); i-- > 0;) {
    if (arenas_[i].holds(address)) {
      return {Base::Arena, static_cast<std::uint32_t>(i), address - arenas_[i].start};
    }
  }
  for (std::size_t i = mappings_.size(); i-- > 0;) {
    if (mappings_[i].holds(address)) {
      return {Base::Mapping, static_cast<std::uint32_t>(i), address - mappings_[i].start};
    }
  }
  if (address - base_ <= highest_break_ - base_) return {Base::Heap, 0, address - base_};
  return {Base::Absolute, 0, address};
}

std::optional<std::uint64_t> AddressBook::find(const Place& place,
                                               std::uint64_t absolute_base) const {
  const auto in = [&place](const std::vector<Area>& areas) -> std::optional<std::uint64_t> {
    if (place.index >= areas.size()) return std::nullopt;
    return areas[place.index].start + place.offset;
  };
  switch (place.base) {
    case Base::Null:
      return 0;
    case Base::Heap:
      return base_ + place.offset;
    case Base::Mapping:
      return in(mappings_);
    case Base::Arena:
      return in(arenas_);
    case Base::Absolute:
      break;
  }
  return place.offset - absolute_base + base_;
}

void AddressBook::note(const RawCall& call) {
  using Kind = SystemCall::Kind;
  const bool done = call.error == 0;
  if (call.kind == Kind::Brk && call.result > highest_break_) highest_break_ = call.result;
  if (call.kind == Kind::Mmap) {
    mappings_.push_back({done ? call.result : 0, call.arguments[0], done});
  }
  if (call.kind == Kind::Munmap && done) munmap(call.at, call.arguments[0]);
  if (call.kind == Kind::Mremap && done) mremap(call.at, call.result, call.arguments[1]);
  if (call.kind == Kind::Mprotect && done) mprotect(call.at);
}

void AddressBook::munmap(std::uint64_t at, std::uint64_t length) {
  for (std::vector<Area>* areas : {&mappings_, &arenas_}) {
    for (Area& area : *areas) {
      if (at <= area.start && area.start + area.length <= at + length) area.live = false;
    }
  }
}

void AddressBook::mremap(std::uint64_t from, std::uint64_t to, std::uint64_t length) {
  for (Area& area : mappings_) {
    if (area.live && area.start == from) area = {to, length, true};
  }
}

void AddressBook::mprotect(std::uint64_t at) {
  if (at % kArenaHeapBytes != 0) return;
  for (const Area& arena : arenas_) {
    if (arena.holds(at)) return;
  }
  arenas_.push_back({at, kArenaHeapBytes, true});
}

}  // namespace truth
