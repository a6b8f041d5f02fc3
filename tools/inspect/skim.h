// Skim: which bytes of an area a heap's reader may ask for.
#pragma once

#include <cstddef>
#include <vector>

#include "pagesim/address.h"
#include "tools/inspect/sparse_bytes.h"

namespace tools::inspect {

/// Pages at an area's beginning that are kept whole: records of the allocator may lie there.
inline constexpr std::size_t kWholeAtFirst = 16;

/// Follows chunk after chunk, as an area that is a heap holds them, and says which lines are the
/// heap's own words: headers, links, a thread's cache. Of an area that is none, and behind a chunk
/// that is broken, all lines are kept. Of every page its first and last words are, since a mapped
/// chunk may begin at the one and lie at the other.
class Skim {
 public:
  Skim(pagesim::VirtAddr begin, pagesim::VirtAddr end);

  /// The area's next bytes, of whole pages from `first` on. What was not there is passed over.
  void look(std::size_t first, const std::byte* bytes, std::size_t pages);
  /// Of a page that was looked at.
  [[nodiscard]] LineMask lines(std::size_t page) const noexcept;

 private:
  void begin_at_first_chunk(const std::byte* bytes);
  void follow(const std::byte* bytes, std::size_t from, std::size_t to);
  void keep_chunk(std::size_t at, std::uint64_t head);
  void keep(std::size_t at, std::size_t bytes);
  void lose() noexcept { whole_from_ = next_ / kPage; }

  pagesim::VirtAddr begin_;
  std::size_t bytes_;
  std::vector<LineMask> lines_;
  std::size_t next_ = 0;  ///< where the next chunk lies, from the area's beginning
  std::size_t whole_from_;
};

}  // namespace tools::inspect
