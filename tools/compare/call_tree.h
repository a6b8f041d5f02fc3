// CallTree: the call chains of many faults, each kept once.
#pragma once

#include <compare>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace tools::compare {

/// An instruction, the same for every process that maps the file.
struct CodePlace {
  std::uint32_t file = 0;    ///< index in FaultList::files; 0: none, `offset` is an address
  std::uint64_t offset = 0;  ///< in the file; of a caller: inside the call, before it returns to

  friend auto operator<=>(const CodePlace&, const CodePlace&) = default;
};

/// A chain is its outermost frame and the chain inside that: built from the faulting instruction
/// outwards. Chain 0 is empty.
class CallTree {
 public:
  using Chain = std::uint32_t;
  static constexpr Chain kEmpty = 0;

  struct Node {
    Chain inner = kEmpty;
    CodePlace place;
  };

  /// The chain `inner`, called from `place`.
  [[nodiscard]] Chain called_from(Chain inner, const CodePlace& place);
  [[nodiscard]] const Node& outermost(Chain chain) const { return nodes_[chain]; }
  /// From the faulting instruction outwards.
  [[nodiscard]] std::vector<CodePlace> frames(Chain chain) const;
  /// Chains are numbered from 0 to this.
  [[nodiscard]] std::size_t size() const noexcept { return nodes_.size(); }

 private:
  struct Key {
    Chain inner;
    CodePlace place;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Hash {
    std::size_t operator()(const Key& key) const noexcept;
  };

  std::vector<Node> nodes_{Node{}};
  std::unordered_map<Key, Chain, Hash> chains_;
};

}  // namespace tools::compare
