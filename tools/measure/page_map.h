// PageMap: what /proc/PID/pagemap and /proc/kpageflags say about a page.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tools::measure {

/// One entry of /proc/PID/pagemap. The frame number is 0 for a reader without CAP_SYS_ADMIN.
class PageEntry {
 public:
  constexpr PageEntry() noexcept = default;
  constexpr explicit PageEntry(std::uint64_t raw) noexcept : raw_{raw} {}

  [[nodiscard]] constexpr std::uint64_t raw() const noexcept { return raw_; }
  [[nodiscard]] constexpr bool present() const noexcept { return bit(63); }
  [[nodiscard]] constexpr bool swapped() const noexcept { return bit(62) && !guard(); }
  /// A page of the page cache or of shared memory, not an anonymous one.
  [[nodiscard]] constexpr bool file() const noexcept { return bit(61); }
  [[nodiscard]] constexpr bool guard() const noexcept { return bit(58); }
  /// Mapped exactly once in the whole system.
  [[nodiscard]] constexpr bool exclusive() const noexcept { return bit(56); }
  [[nodiscard]] constexpr std::uint64_t frame() const noexcept {
    return present() ? raw_ & ((std::uint64_t{1} << 55) - 1) : 0;
  }

 private:
  [[nodiscard]] constexpr bool bit(unsigned n) const noexcept { return ((raw_ >> n) & 1) != 0; }

  std::uint64_t raw_ = 0;
};
static_assert(sizeof(PageEntry) == 8);

/// The bits of /proc/kpageflags this project reads (Documentation: pagemap).
namespace page_flag {
inline constexpr std::uint64_t kAnon = 1ull << 12;
inline constexpr std::uint64_t kSwapCache = 1ull << 13;
inline constexpr std::uint64_t kSwapBacked = 1ull << 14;
inline constexpr std::uint64_t kCompoundHead = 1ull << 15;
inline constexpr std::uint64_t kCompoundTail = 1ull << 16;
inline constexpr std::uint64_t kHugetlb = 1ull << 17;
inline constexpr std::uint64_t kThp = 1ull << 22;
inline constexpr std::uint64_t kZeroPage = 1ull << 24;
}  // namespace page_flag

/// An open file descriptor of a pagemap or of kpageflags; -1: cannot be had. Allocates nothing.
/// Plain data: close() is called by hand.
class PageMap {
 public:
  /// `path`: "/proc/self/pagemap", "/proc/kpageflags". Returns 0 or an errno.
  int open(const char* path) noexcept;
  void close() noexcept;
  [[nodiscard]] bool is_open() const noexcept { return fd_ >= 0; }
  /// Reads the 8-byte entries [first, first + count) into `entries`; returns how many came.
  std::size_t read(std::uint64_t first, std::uint64_t* entries, std::size_t count) const noexcept;
  /// One entry; 0 if it cannot be had.
  [[nodiscard]] std::uint64_t at(std::uint64_t index) const noexcept;
  long ioctl(unsigned long request, void* argument) const noexcept;

 private:
  int fd_ = -1;
};

/// Whether `address` is mapped by a huge page of its own level (PAGEMAP_SCAN, Linux 6.7 on), asked
/// through the pagemap of the process; -1: not known.
[[nodiscard]] int mapped_huge(const PageMap& pagemap, std::uint64_t address) noexcept;

/// Present pages [begin, end) of one kind.
struct PagesOfKind {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  bool zero = false;  ///< the zero page
  bool huge = false;
};
/// Calls `visit`, with `context`, for every run of pages in [begin, end) that are present
/// (PAGEMAP_SCAN). False: this kernel cannot tell. No std::function: the measured child, which
/// compiles this too, has no C++ library.
bool scan_pages(const PageMap& pagemap, std::uint64_t begin, std::uint64_t end,
                void (*visit)(void* context, const PagesOfKind&), void* context);

}  // namespace tools::measure
