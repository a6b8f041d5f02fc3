// placement: alignment for huge pages, as measured on Linux 6.18.
#include "pagesim/kernel/placement.h"

#include "pagesim/kernel/areas.h"
#include "pagesim/kernel/file.h"

namespace pagesim::kernel {

namespace {

/// Anonymous memory of whole huge pages that goes anywhere; a file's if one of the file's huge
/// pages is among it whole. Shared memory stays as it is, since its huge pages are off.
bool wants_alignment(const Mm& mm, const Placement& wanted) {
  const std::uint64_t huge = mm.tables.span(1);
  if (wanted.file == nullptr) return wanted.hint.is_null() && wanted.length % huge == 0;
  if (wanted.file->is_shmem()) return false;
  const std::uint64_t first_huge = (wanted.offset + huge - 1) & ~(huge - 1);
  return wanted.offset + wanted.length >= first_huge + huge;
}

/// The highest address in room for one huge page more that lies to a huge page as the file does.
std::optional<VirtAddr> thp_get_unmapped_area(Mm& mm, const Placement& wanted) {
  const std::uint64_t huge = mm.tables.span(1);
  const auto room = get_unmapped_area(mm, wanted.length + huge, 1, wanted.hint);
  if (!room) return std::nullopt;
  const std::uint64_t skip = (wanted.offset - room->raw()) & (huge - 1);
  return *room + (skip == 0 ? huge : skip);
}

}  // namespace

std::optional<VirtAddr> choose_area(Mm& mm, const Placement& wanted) {
  const bool may = mm.kernel.profile.thp_placement && !mm.tables.geometry().is_32_bit();
  if (may && wants_alignment(mm, wanted)) {
    if (const auto aligned = thp_get_unmapped_area(mm, wanted)) return aligned;
  }
  return get_unmapped_area(mm, wanted.length, 1, wanted.hint);
}

}  // namespace pagesim::kernel
