// Lruvec: doubly linked lists through an array.
#include "pagesim/kernel/lruvec.h"

namespace pagesim::kernel {

void Lruvec::add(LruList list, FrameNumber frame) {
  const std::uint32_t at = index(frame);
  if (at >= nodes_.size()) nodes_.resize(std::size_t{at} + 1);
  remove(frame);
  Ends& to = ends(list);
  nodes_[at].list = list;
  nodes_[at].older = to.newest;
  nodes_[at].newer = 0;
  nodes_[at].came = ++additions_;
  (to.newest != 0 ? nodes_[to.newest].newer : to.oldest) = at;
  to.newest = at;
  ++to.size;
}

void Lruvec::remove(FrameNumber frame) {
  Node& node = nodes_[index(frame)];
  if (node.list == LruList::None) return;
  Ends& from = ends(node.list);
  (node.newer != 0 ? nodes_[node.newer].older : from.newest) = node.older;
  (node.older != 0 ? nodes_[node.older].newer : from.oldest) = node.newer;
  --from.size;
  node.list = LruList::None;
}

hardware::MaybeFrame Lruvec::oldest(LruList list) const noexcept {
  const std::uint32_t frame = ends(list).oldest;
  return frame == 0 ? hardware::MaybeFrame{} : hardware::MaybeFrame{FrameNumber{frame}};
}

LruList Lruvec::older(LruList a, LruList b) const noexcept {
  const std::uint32_t first = ends(a).oldest;
  const std::uint32_t second = ends(b).oldest;
  if (first == 0) return second == 0 ? LruList::None : b;
  return second == 0 || nodes_[first].came < nodes_[second].came ? a : b;
}

std::size_t Lruvec::size() const noexcept {
  std::size_t all = 0;
  for (const Ends& list : ends_) all += list.size;
  return all;
}

}  // namespace pagesim::kernel
