// SparseBytes: what is kept of an area's bytes, packed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "tools/measure/raw_syscall.h"

namespace tools::inspect {

using measure::kPage;

inline constexpr std::size_t kLine = kPage / 64;
/// Lines of a page: bit i is bytes [i * kLine, (i + 1) * kLine).
using LineMask = std::uint64_t;
inline constexpr LineMask kAllLines = ~LineMask{0};

/// Gives mapped memory back.
struct Unmap {
  std::size_t bytes = 0;
  void operator()(std::byte* at) const noexcept;
};

/// The lines kept of each page lie side by side, so that a heap's headers take a tenth of the heap.
/// What is not kept reads as zeros.
class SparseBytes {
 public:
  SparseBytes() noexcept = default;
  /// Nothing is kept yet. Throws std::bad_alloc.
  explicit SparseBytes(std::size_t pages);

  /// Has memory ready for so many lines. Throws std::bad_alloc.
  void reserve(std::size_t lines);

  /// Keeps these lines of a page, and no others; `bytes` is the whole page.
  void keep(std::size_t page, const std::byte* bytes, LineMask lines);
  [[nodiscard]] LineMask kept(std::size_t page) const noexcept { return pages_[page].lines; }

  /// Copies bytes [at, at + bytes) of the area.
  void read(std::size_t at, void* to, std::size_t bytes) const noexcept {
    auto* out = static_cast<std::byte*>(to);
    while (bytes != 0) {
      const std::size_t within = at % kLine, n = bytes < kLine - within ? bytes : kLine - within;
      const std::byte* const line = line_of(at);
      if (line == nullptr) {
        std::memset(out, 0, n);
      } else {
        std::memcpy(out, line + within, n);
      }
      at += n;
      out += n;
      bytes -= n;
    }
  }

 private:
  struct Page {
    LineMask lines = 0;
    std::uint64_t first = 0;  ///< index of the first one kept
  };

  [[nodiscard]] const std::byte* line_of(std::size_t at) const noexcept {
    const Page& page = pages_[at / kPage];
    const LineMask bit = LineMask{1} << at % kPage / kLine;
    if ((page.lines & bit) == 0) return nullptr;
    return packed_.get() + (page.first + __builtin_popcountll(page.lines & (bit - 1))) * kLine;
  }
  void grow(std::size_t lines);

  std::vector<Page> pages_;
  std::unique_ptr<std::byte, Unmap> packed_;
  std::size_t room_ = 0;  ///< lines there is memory for
  std::size_t used_ = 0;
};

}  // namespace tools::inspect
