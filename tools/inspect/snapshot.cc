// Looking bytes up in a snapshot.
#include "tools/inspect/snapshot.h"

#include <algorithm>

namespace tools::inspect {

const SavedArea* Snapshot::area_at(VirtAddr at) const noexcept {
  if (last_ < areas.size() && areas[last_].begin <= at && at < areas[last_].end) {
    return &areas[last_];
  }
  const auto above =
      std::upper_bound(areas.begin(), areas.end(), at,
                       [](VirtAddr a, const SavedArea& area) { return a < area.begin; });
  if (above == areas.begin() || at >= std::prev(above)->end) return nullptr;
  last_ = static_cast<std::size_t>(std::prev(above) - areas.begin());
  return &areas[last_];
}

bool Snapshot::read(VirtAddr at, void* to, std::size_t bytes) const noexcept {
  const SavedArea* const area = area_at(at);
  if (area == nullptr || bytes > area->end - at) return false;
  area->bytes.read(at - area->begin, to, bytes);
  return true;
}

PageState Snapshot::page(VirtAddr at) const noexcept {
  const SavedArea* const area = area_at(at);
  return area == nullptr ? PageState::Absent : area->pages[(at - area->begin) / kPage];
}

}  // namespace tools::inspect
