// /proc/PID/maps, and for each area of it /proc/PID/pagemap.
#include "tools/compare/present_pages.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "tools/measure/maps.h"
#include "tools/measure/page_map.h"

namespace tools::compare {
namespace {

using measure::PageMap;

/// An area larger than this is not read entry by entry: it would take minutes.
constexpr std::uint64_t kLongestRead = std::uint64_t{1} << 36;

Region region_of(const measure::MappedArea& area) {
  if (area.name == "[heap]") return Region::BrkHeap;
  if (area.name == "[stack]") return Region::Stack;
  return area.is_file() ? Region::File : Region::Anonymous;
}

/// Kernels before 6.7 have nothing quicker.
std::optional<std::uint64_t> read_present(const PageMap& pages, std::uint64_t begin,
                                          std::uint64_t end) {
  if (end - begin > kLongestRead) return std::nullopt;
  std::array<std::uint64_t, 512> entries{};
  std::uint64_t present = 0;
  for (std::uint64_t page = begin / kPage; page < end / kPage;) {
    const auto wanted = std::min<std::uint64_t>(entries.size(), end / kPage - page);
    const std::size_t got = pages.read(page, entries.data(), wanted);
    if (got == 0) return std::nullopt;
    present += static_cast<std::uint64_t>(
        std::count_if(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(got),
                      [](std::uint64_t raw) { return measure::PageEntry{raw}.present(); }));
    page += got;
  }
  return present;
}

std::optional<std::uint64_t> count_present(const PageMap& pages, std::uint64_t begin,
                                           std::uint64_t end) {
  std::uint64_t present = 0;
  const auto add = [](void* sum, const measure::PagesOfKind& found) {
    *static_cast<std::uint64_t*>(sum) += (found.end - found.begin) / kPage;
  };
  if (measure::scan_pages(pages, begin, end, add, &present)) return present;
  return read_present(pages, begin, end);
}

std::optional<PresentPages> count_areas(const std::vector<measure::MappedArea>& areas,
                                        const PageMap& pages) {
  PresentPages all{};
  for (const measure::MappedArea& area : areas) {
    if (area.name == "[vsyscall]") continue;  // the kernel's half of the addresses
    const auto present = count_present(pages, area.begin.raw(), area.end.raw());
    if (!present) return std::nullopt;
    all[static_cast<std::size_t>(region_of(area))] += *present;
  }
  return areas.empty() ? std::nullopt : std::optional{all};
}

}  // namespace

std::optional<PresentPages> present_pages(pid_t process) {
  PageMap pages;
  if (pages.open(("/proc/" + std::to_string(process) + "/pagemap").c_str()) != 0)
    return std::nullopt;
  const auto counted = count_areas(measure::read_maps(process), pages);
  pages.close();
  return counted;
}

}  // namespace tools::compare
