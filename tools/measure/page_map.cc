// Reading page maps.
#include "tools/measure/page_map.h"

#include <fcntl.h>
#include <sys/ioctl.h>

#include <array>

#include "tools/measure/raw_syscall.h"

namespace tools::measure {
namespace {

// PAGEMAP_SCAN of linux/fs.h, which older headers lack (man 2const PAGEMAP_SCAN).
struct ScanRegion {
  std::uint64_t start, end, categories;
};
struct ScanArgument {
  std::uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
  std::uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};
constexpr std::uint64_t kPageIsPresent = 1u << 3;
constexpr std::uint64_t kPageIsZero = 1u << 5;
constexpr std::uint64_t kPageIsHuge = 1u << 6;
constexpr unsigned long kPagemapScan = _IOWR('f', 16, ScanArgument);

}  // namespace

int PageMap::open(const char* path) noexcept {
  const long fd = raw_syscall(SYS_openat, AT_FDCWD, arg(path), O_RDONLY | O_CLOEXEC);
  fd_ = static_cast<int>(fd < 0 ? -1 : fd);
  return fd < 0 ? static_cast<int>(-fd) : 0;
}

void PageMap::close() noexcept {
  if (fd_ >= 0) raw_syscall(SYS_close, fd_);
  fd_ = -1;
}

std::size_t PageMap::read(std::uint64_t first, std::uint64_t* entries,
                          std::size_t count) const noexcept {
  if (fd_ < 0) return 0;
  const long got = raw_syscall(SYS_pread64, fd_, arg(entries), arg(count * 8), arg(first * 8));
  return got > 0 ? static_cast<std::size_t>(got) / 8 : 0;
}

std::uint64_t PageMap::at(std::uint64_t index) const noexcept {
  std::uint64_t entry = 0;
  return read(index, &entry, 1) == 1 ? entry : 0;
}

long PageMap::ioctl(unsigned long request, void* argument) const noexcept {
  return raw_syscall(SYS_ioctl, fd_, static_cast<long>(request), arg(argument));
}

int mapped_huge(const PageMap& pagemap, std::uint64_t address) noexcept {
  if (!pagemap.is_open()) return -1;
  ScanRegion region{};
  ScanArgument scan{};
  scan.size = sizeof scan;
  scan.start = address & ~std::uint64_t{4095};
  scan.end = scan.start + 4096;
  scan.vec = reinterpret_cast<std::uint64_t>(&region);
  scan.vec_len = 1;
  scan.return_mask = kPageIsPresent | kPageIsHuge;
  const long found = pagemap.ioctl(kPagemapScan, &scan);
  if (found < 0) return -1;
  return found > 0 && (region.categories & kPageIsHuge) != 0 ? 1 : 0;
}

bool scan_pages(const PageMap& pagemap, std::uint64_t begin, std::uint64_t end,
                void (*visit)(void* context, const PagesOfKind&), void* context) {
  std::array<ScanRegion, 512> regions{};
  while (begin < end) {
    ScanArgument scan{};
    scan.size = sizeof scan;
    scan.start = begin;
    scan.end = end;
    scan.vec = reinterpret_cast<std::uint64_t>(regions.data());
    scan.vec_len = regions.size();
    scan.category_mask = kPageIsPresent;
    scan.return_mask = kPageIsPresent | kPageIsZero | kPageIsHuge;
    const long found = pagemap.ioctl(kPagemapScan, &scan);
    if (found < 0) return false;
    for (std::size_t i = 0; i < static_cast<std::size_t>(found); ++i) {
      const std::uint64_t kind = regions[i].categories;
      visit(context, {regions[i].start, regions[i].end, (kind & kPageIsZero) != 0,
                      (kind & kPageIsHuge) != 0});
    }
    if (scan.walk_end <= begin) return false;
    begin = scan.walk_end;
  }
  return true;
}

}  // namespace tools::measure
