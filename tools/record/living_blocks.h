// LivingBlocks: which block of a recorded process has an address, at one moment.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>

#include "tools/trace/event.h"
#include "tools/trace/mappings.h"

namespace tools::record {

/// The allocator's blocks, and where there is none the program's own mappings. Copied at a fork.
class LivingBlocks {
 public:
  struct Found {
    trace::BlockNumber block = trace::kNoBlock;
    std::uint64_t offset = 0;  ///< bytes from its start
  };

  /// After a call.
  void apply(const trace::Event& event) {
    using script::Verb;
    if (event.verb == Verb::Mmap) return map(event);
    if (event.verb == Verb::Mremap) return remap(event);
    if (event.verb == Verb::Munmap) return unmap(event);
    if (event.verb == Verb::Free) forget(event.block);
    const bool refused = event.verb == Verb::Realloc && event.block == trace::kNoBlock;
    if (event.verb == Verb::Realloc && (!refused || event.n == 0)) forget(event.old_block);
    if (!trace::allocates(event.verb) || event.block == trace::kNoBlock) return;
    const std::uint64_t bytes = event.verb == Verb::Calloc ? event.n * event.m : event.n;
    by_address_[event.address] = {event.block, bytes};
    addresses_[event.block] = event.address;
  }

  /// None: no block has this byte. Those behind the bytes asked for are the allocator's.
  [[nodiscard]] std::optional<Found> find(std::uint64_t address) const {
    auto after = by_address_.upper_bound(address);
    if (after != by_address_.begin()) {
      const auto& [start, block] = *--after;
      if (address - start < block.bytes) return Found{block.number, address - start};
    }
    const auto parts = mappings_.in(address, 1);
    if (parts.empty()) return std::nullopt;
    return Found{parts.front().block, parts.front().offset};
  }

 private:
  struct Block {
    trace::BlockNumber number = trace::kNoBlock;
    std::uint64_t bytes = 0;
  };

  void map(const trace::Event& event) {
    using trace::Stretch;
    const std::uint64_t bytes = Stretch::of(event.n + Stretch::kSmallestPage - 1).bytes;
    mappings_.add(event.address, bytes, event.block);
    addresses_[event.block] = event.address;
  }
  void unmap(const trace::Event& event) { unmap(event.block, event.n, event.m); }
  void unmap(trace::BlockNumber block, std::uint64_t offset, std::uint64_t stretch) {
    const auto found = addresses_.find(block);
    if (found == addresses_.end()) return;
    mappings_.remove(found->second + offset, trace::Stretch::of(stretch).bytes);
  }
  void remap(const trace::Event& event) {
    unmap(event.old_block, 0, event.m);
    map(event);
  }

  void forget(trace::BlockNumber block) {
    const auto found = addresses_.find(block);
    if (found == addresses_.end()) return;
    const auto at = by_address_.find(found->second);
    if (at != by_address_.end() && at->second.number == block) by_address_.erase(at);
    addresses_.erase(found);
  }

  std::map<std::uint64_t, Block> by_address_;
  trace::Mappings mappings_;
  std::unordered_map<trace::BlockNumber, std::uint64_t> addresses_;
};

}  // namespace tools::record
