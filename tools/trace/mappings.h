// Mappings: the program's own memory, as its calls leave it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <vector>

#include "tools/trace/event.h"

namespace tools::trace {

/// Which bytes belong to which mapping, each a block by number. Copied at a fork.
class Mappings {
 public:
  /// Some of a mapping's bytes.
  struct Part {
    BlockNumber block = kNoBlock;
    std::uint64_t offset = 0, bytes = 0;
    std::uint64_t address = 0;
    std::uint64_t added = 0;  ///< when it was mapped
  };

  /// `time`: in what unit the caller likes.
  void add(std::uint64_t address, std::uint64_t bytes, BlockNumber block, std::uint64_t time = 0) {
    parts_[address] = {address + bytes, address, block, time};
  }

  /// The mappings' parts in a range, in the order of addresses.
  [[nodiscard]] std::vector<Part> in(std::uint64_t address, std::uint64_t bytes) const {
    std::vector<Part> found;
    if (bytes == 0) return found;
    for (auto at = first(address); at != parts_.end() && at->first < address + bytes; ++at) {
      const std::uint64_t begin = std::max(at->first, address);
      const std::uint64_t end = std::min(at->second.end, address + bytes);
      const Stretched& part = at->second;
      found.push_back({part.block, begin - part.base, end - begin, begin, part.added});
    }
    return found;
  }

  /// Whether the part is all that is left of its mapping, and begins where that began.
  [[nodiscard]] bool is_whole(const Part& part) const {
    return part.offset == 0 && std::none_of(parts_.begin(), parts_.end(), [&](const auto& other) {
             return other.second.block == part.block &&
                    (other.first != part.address || other.second.end != part.address + part.bytes);
           });
  }

  /// What is left lies where it lay.
  void remove(std::uint64_t address, std::uint64_t bytes) {
    cut(address);
    cut(address + bytes);
    parts_.erase(parts_.lower_bound(address), parts_.lower_bound(address + bytes));
  }

 private:
  struct Stretched {
    std::uint64_t end = 0;
    std::uint64_t base = 0;  ///< where the mapping began
    BlockNumber block = kNoBlock;
    std::uint64_t added = 0;
  };
  using Parts = std::map<std::uint64_t, Stretched>;  ///< by address

  /// The first part that ends after `address`.
  [[nodiscard]] Parts::const_iterator first(std::uint64_t address) const {
    auto at = parts_.upper_bound(address);
    if (at != parts_.begin() && std::prev(at)->second.end > address) --at;
    return at;
  }

  /// Makes `address` the start of a part where it lies inside one.
  void cut(std::uint64_t address) {
    const auto at = first(address);
    if (at == parts_.end() || at->first >= address) return;
    const Stretched whole = at->second;
    parts_[at->first].end = address;
    parts_[address] = whole;
  }

  Parts parts_;
};

}  // namespace tools::trace
