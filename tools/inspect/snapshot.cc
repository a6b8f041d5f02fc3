// Looking bytes up in a snapshot.
#include "tools/inspect/snapshot.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <new>

namespace tools::inspect {

Buffer::Buffer(std::size_t bytes) {
  void* const at = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) throw std::bad_alloc{};
  constexpr std::size_t kLarge = std::size_t{4} << 20;
  if (bytes >= kLarge) (void)::madvise(at, bytes, MADV_HUGEPAGE);
  bytes_ = std::unique_ptr<std::byte, Unmap>{static_cast<std::byte*>(at), Unmap{bytes}};
}

void Unmap::operator()(std::byte* at) const noexcept { ::munmap(at, bytes); }

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
  std::memcpy(to, area->bytes.data() + (at - area->begin), bytes);
  return true;
}

PageState Snapshot::page(VirtAddr at) const noexcept {
  const SavedArea* const area = area_at(at);
  return area == nullptr ? PageState::Absent : area->pages[(at - area->begin) / kPage];
}

}  // namespace tools::inspect
