// LivingBlocks: which block of a recorded process has an address, at one moment.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>

#include "tools/trace/event.h"

namespace tools::record {

/// Copied at a fork.
class LivingBlocks {
 public:
  struct Found {
    trace::BlockNumber block = trace::kNoBlock;
    std::uint64_t offset = 0;  ///< bytes from its start
  };

  /// After a call.
  void apply(const trace::Event& event) {
    using script::Verb;
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
    if (after == by_address_.begin()) return std::nullopt;
    const auto& [start, block] = *--after;
    if (address - start >= block.bytes) return std::nullopt;
    return Found{block.number, address - start};
  }

 private:
  struct Block {
    trace::BlockNumber number = trace::kNoBlock;
    std::uint64_t bytes = 0;
  };

  void forget(trace::BlockNumber block) {
    const auto found = addresses_.find(block);
    if (found == addresses_.end()) return;
    const auto at = by_address_.find(found->second);
    if (at != by_address_.end() && at->second.number == block) by_address_.erase(at);
    addresses_.erase(found);
  }

  std::map<std::uint64_t, Block> by_address_;
  std::unordered_map<trace::BlockNumber, std::uint64_t> addresses_;
};

}  // namespace tools::record
