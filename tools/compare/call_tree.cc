// Chains by their outermost frame.
#include "tools/compare/call_tree.h"

#include <algorithm>

namespace tools::compare {

std::size_t CallTree::Hash::operator()(const Key& key) const noexcept {
  constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15;
  std::uint64_t mixed = key.place.offset;
  for (const std::uint64_t part : {std::uint64_t{key.place.file}, std::uint64_t{key.inner}}) {
    mixed = (mixed ^ (mixed >> 29) ^ part) * kGolden;
  }
  return mixed;
}

CallTree::Chain CallTree::called_from(Chain inner, const CodePlace& place) {
  const auto [at, fresh] = chains_.try_emplace({inner, place}, static_cast<Chain>(nodes_.size()));
  if (fresh) nodes_.push_back({inner, place});
  return at->second;
}

std::vector<CodePlace> CallTree::frames(Chain chain) const {
  std::vector<CodePlace> found;
  for (; chain != kEmpty; chain = nodes_[chain].inner) found.push_back(nodes_[chain].place);
  std::reverse(found.begin(), found.end());
  return found;
}

}  // namespace tools::compare
