// Places of a run: an address in the script's own words, and back.
#include "tools/run/place.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "tools/script/print.h"

namespace tools::run {
namespace {

using pagesim::VirtAddr;
using script::Base;
using script::Op;
using script::Verb;
using Region = Location::Region;

constexpr std::uint64_t kHeader = 16;                         // chunk header before a block
constexpr std::uint64_t kHeapReach = std::uint64_t{1} << 40;  // the break never goes further
constexpr std::uint64_t kStackReach = (std::uint64_t{8} << 20) + (std::uint64_t{1} << 20);
constexpr std::uint64_t kGlobalsReach = std::uint64_t{64} << 10;
constexpr std::uint64_t kTextReach = std::uint64_t{4} << 20;
constexpr std::uint64_t kNearPages = 512;

bool within(std::uint64_t at, std::uint64_t start, std::uint64_t length) {
  return at - start < length;  // modulo 2^64: false for at < start
}

/// Bytes from `at` to the block: 0 inside.
std::uint64_t distance(const Block& block, std::uint64_t at) {
  if (within(at, block.address, block.length)) return 0;
  return at < block.address ? block.address - at : at - (block.address + block.length) + 1;
}

std::uint64_t block_length(const Op& op) { return op.verb == Verb::Calloc ? op.m * op.n : op.n; }

bool maps(Verb verb) { return verb == Verb::Mmap || verb == Verb::Mremap; }

}  // namespace

Places::Places(const script::Program& program, const RunOutcome& outcome)
    : program_{&program},
      outcome_{&outcome},
      space_of_(program.processes.size(), 0),
      spaces_{Space{Names(program.names.size()), {}, {}}} {}

void Places::advance(std::size_t index) {
  const Op& op = program_->ops[index];
  if (!outcome_->ops[index].ran) return;
  if (op.verb == Verb::Thread) {
    space_of_[op.peer] = space_of_[op.process];
  } else if (op.verb == Verb::Fork) {
    spaces_.push_back(Space{space_of(op.process)});
    space_of_[op.peer] = spaces_.size() - 1;
  }
  end_name(op, index);
  bind_result(op, index);
}

void Places::end_name(const Op& op, std::size_t index) {
  if (op.to.base != Base::Name) return;
  const bool moved = op.verb == Verb::Realloc && outcome_->ops[index].error == 0;
  if (op.verb == Verb::Free || moved) space_of(op.process).end(op.to.name);
}

void Places::bind_result(const Op& op, std::size_t index) {
  if (op.result == script::kNone) return;
  Space& space = space_of(op.process);
  const Block block{outcome_->ops[index].address, block_length(op)};
  space.bind(op.result, block, maps(op.verb));
  if (block.address == 0) return;
  if (!maps(op.verb)) {
    space.blocks.emplace(block.address, op.result);
  } else if (op.verb == Verb::Mmap && (op.flags & script::flag::HasAddress) == 0) {
    space.mappings.push_front(op.result);  // in memory that was no one else's
  } else {
    space.mappings.push_back(op.result);
  }
}

void Places::Space::bind(std::uint32_t name, const Block& block, bool is_mapping) {
  end(name);
  names[name] = Binding{block, true, false, is_mapping};
}

void Places::Space::end(std::uint32_t name) {
  blocks.erase({names[name].block.address, name});
  if (names[name].is_mapping) std::erase(mappings, name);
  names[name].ended = true;
}

/// The first name in use whose block holds `at`, or kNone.
std::uint32_t Places::holding(const Space& space, std::uint64_t at) {
  const auto holds = [&](std::uint32_t name) {
    const Block& block = space.names[name].block;
    return within(at, block.address, block.length);
  };
  const auto mapping = std::find_if(space.mappings.begin(), space.mappings.end(), holds);
  std::uint32_t found = mapping != space.mappings.end() ? *mapping : script::kNone;
  auto above = space.blocks.upper_bound({at, script::kNone});
  if (above == space.blocks.begin()) return found;
  const std::uint64_t start = std::prev(above)->first;
  for (auto each = space.blocks.lower_bound({start, 0}); each != above; ++each)
    if (holds(each->second)) found = std::min(found, each->second);
  return found;
}

/// The first name in use whose chunk header holds `at`, or kNone.
std::uint32_t Places::headed(const Space& space, std::uint64_t at) {
  const auto heads = [&](std::uint32_t name) {
    return within(at, space.names[name].block.address - kHeader, kHeader);
  };
  const auto mapping = std::find_if(space.mappings.begin(), space.mappings.end(), heads);
  std::uint32_t found = mapping != space.mappings.end() ? *mapping : script::kNone;
  for (auto each = space.blocks.upper_bound({at, script::kNone});
       each != space.blocks.end() && heads(each->second); ++each)
    found = std::min(found, each->second);
  return found;
}

Location Places::in_name(const Space& space, std::uint32_t name, std::uint64_t at) {
  return {Region::Name, name, static_cast<std::int64_t>(at - space.names[name].block.address)};
}

Location Places::in_region(std::uint64_t at) const {
  const auto in = [at](Region region, std::uint64_t start) {
    return Location{region, script::kNone, static_cast<std::int64_t>(at - start)};
  };
  const RunOutcome& run = *outcome_;
  if (run.globals_base != 0 && within(at, run.globals_base, kGlobalsReach)) {
    if (at < run.heap_base || run.heap_base < run.globals_base) {
      return in(Region::Globals, run.globals_base);
    }
  }
  if (run.heap_base != 0 && within(at, run.heap_base, kHeapReach)) {
    return in(Region::Heap, run.heap_base);
  }
  if (run.stack_base != 0 && within(at, run.stack_base - kStackReach, 2 * kStackReach)) {
    return in(Region::Stack, run.stack_base);
  }
  if (run.text_base != 0 && within(at, run.text_base, kTextReach)) {
    return in(Region::Text, run.text_base);
  }
  return {Region::Elsewhere, script::kNone, static_cast<std::int64_t>(at)};
}

/// The name, in use or not, whose block is nearest and near, or kNone.
std::uint32_t Places::nearest(const Space& space, std::uint64_t at) const {
  std::uint64_t least = (kNearPages << program_->page_shift) + 1;
  std::uint32_t best = script::kNone;
  for (std::uint32_t name = 0; name < space.names.size(); ++name) {
    const Binding& binding = space.names[name];
    if (!binding.bound || binding.block.address == 0) continue;
    if (distance(binding.block, at) >= least) continue;
    least = distance(binding.block, at);
    best = name;
  }
  return best;
}

Location Places::locate(std::uint32_t task, VirtAddr address) const {
  const std::uint64_t at = address.raw();
  const Space& space = space_of(task);
  std::uint32_t found = holding(space, at);
  if (found == script::kNone) found = headed(space, at);
  if (found != script::kNone) return in_name(space, found, at);
  const Location region = in_region(at);
  if (region.region != Region::Elsewhere) return region;
  found = nearest(space, at);
  return found != script::kNone ? in_name(space, found, at) : region;
}

VirtAddr Places::resolve(std::uint32_t task, const script::Place& place) const {
  std::uint64_t base = 0;
  switch (place.base) {
    case Base::Absolute:
      break;
    case Base::Name:
      base = space_of(task).names[place.name].block.address;
      break;
    case Base::Heap:
      base = outcome_->heap_base;
      break;
    case Base::Stack:
      base = outcome_->stack_base;
      break;
    case Base::Text:
      base = outcome_->text_base;
      break;
  }
  return VirtAddr{base + static_cast<std::uint64_t>(place.offset)};
}

std::string Places::text(const Location& location) const {
  script::Place place;
  place.offset = location.offset;
  place.name = location.name;
  switch (location.region) {
    case Region::Name:
      place.base = Base::Name;
      break;
    case Region::Heap:
      place.base = Base::Heap;
      break;
    case Region::Stack:
      place.base = Base::Stack;
      break;
    case Region::Text:
      place.base = Base::Text;
      break;
    case Region::Globals:
      return fmt::format("globals{:+}", location.offset);
    case Region::Elsewhere:
      place.base = Base::Absolute;
      break;
  }
  return script::to_text(*program_, place);
}

}  // namespace tools::run
