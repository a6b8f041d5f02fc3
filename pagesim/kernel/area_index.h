// AreaIndex: the areas of an address space, found by the addresses they end at.
#pragma once

#include <array>
#include <cstddef>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "pagesim/address.h"
#include "pagesim/kernel/vma.h"

namespace pagesim::kernel {

/// Two levels: chunks of up to kChunk areas, whose ends lie side by side, and bounds between the
/// chunks, side by side too. Areas are disjoint, so their ends are in the order of their starts,
/// and the first area that ends above an address (find_vma) is found without a look at any area.
///
///     bounds_   0               3000            9000      Up to a bound, areas end in the chunks
///     ends      1000 3000 - -   8000 9000 - -   9500 -    before it; above, in its own or later.
///     areas        *    *          *    *          *
///
/// An area stays where it is in the host's memory until it is erased: faults in progress refer to
/// it. Iterators live until the next insert or erase. Starts may change between an area's
/// neighbours; ends are told to the index.
class AreaIndex {
  struct Chunk;
  using Chunks = std::vector<std::unique_ptr<Chunk>>;

 public:
  /// Where an area is, or the end. V: Vma or const Vma.
  template <class V>
  class Position {
   public:
    using iterator_category = std::bidirectional_iterator_tag;
    using value_type = Vma;
    using difference_type = std::ptrdiff_t;
    using pointer = V*;
    using reference = V&;

    [[nodiscard]] V& operator*() const noexcept { return *(*chunk_)->areas[slot_]; }
    [[nodiscard]] V* operator->() const noexcept { return &**this; }
    Position& operator++() noexcept {
      if (++slot_ == (*chunk_)->size) *this = Position{chunk_ + 1, 0};
      return *this;
    }
    Position& operator--() noexcept {
      if (slot_ == 0) slot_ = (*--chunk_)->size;
      --slot_;
      return *this;
    }
    operator Position<const V>() const noexcept { return {chunk_, slot_}; }
    friend bool operator==(const Position&, const Position&) noexcept = default;

   private:
    friend class AreaIndex;
    template <class>
    friend class Position;
    Position(Chunks::const_iterator chunk, std::size_t slot) noexcept
        : chunk_{chunk}, slot_{slot} {}

    Chunks::const_iterator chunk_;
    std::size_t slot_;
  };
  using iterator = Position<Vma>;
  using const_iterator = Position<const Vma>;

  AreaIndex();
  ~AreaIndex();
  AreaIndex(const AreaIndex&) = delete;
  AreaIndex& operator=(const AreaIndex&) = delete;

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] iterator begin() noexcept { return position(0, 0); }
  [[nodiscard]] const_iterator begin() const noexcept { return position(0, 0); }
  [[nodiscard]] iterator end() noexcept { return {chunks_.end(), 0}; }
  [[nodiscard]] const_iterator end() const noexcept { return {chunks_.end(), 0}; }

  /// The first area that ends above an address, or null: it may start above it too.
  [[nodiscard]] Vma* find(VirtAddr at) noexcept {
    if (is_found(at)) [[likely]]
      return found_.area;
    return search(at) == end() ? nullptr : found_.area;
  }
  /// The same as a place.
  [[nodiscard]] iterator upper_bound(VirtAddr at) noexcept {
    return is_found(at) ? found_.place : search(at);
  }
  [[nodiscard]] const_iterator upper_bound(VirtAddr at) const noexcept {
    return is_found(at) ? found_.place : above(at);
  }
  /// The first area that starts at an address or above it.
  [[nodiscard]] iterator starting_from(VirtAddr at) noexcept { return from(upper_bound(at), at); }
  [[nodiscard]] const_iterator starting_from(VirtAddr at) const noexcept {
    return from(upper_bound(at), at);
  }

  /// Takes in an area that lies where none is. It stays where the result says.
  Vma& insert(Vma vma);
  /// Returns the place of the area above it.
  iterator erase(const_iterator area);
  /// An area of this index ends elsewhere from now on, still not above its upper neighbour's start.
  void set_end(Vma& vma, VirtAddr end) noexcept;

 private:
  static constexpr std::size_t kChunk = 48;             ///< 3 * 4 * 4: searched in three steps
  static constexpr VirtAddr kNoEnd{~std::uint64_t{0}};  ///< of what is empty: above all others

  struct Chunk {
    std::size_t size = 0;
    std::array<VirtAddr, kChunk + 1> ends;  ///< the last one of none
    std::array<Vma*, kChunk> areas;         ///< owned; plain pointers are moved as bytes
    Chunk() noexcept { ends.fill(kNoEnd); }
  };
  /// The area found or changed last, and the addresses it is the first to end above.
  struct Found {
    VirtAddr from;
    std::size_t length = 0;
    Vma* area = nullptr;
    iterator place{{}, 0};
  };

  [[nodiscard]] bool is_found(VirtAddr at) const noexcept {
    return at - found_.from < found_.length;
  }
  /// Looks for what `found_` is not the answer for, and remembers it.
  iterator search(VirtAddr at) noexcept;
  [[nodiscard]] iterator above(VirtAddr at) const noexcept;
  template <class V>
  [[nodiscard]] Position<V> from(Position<V> above, VirtAddr at) const noexcept {
    return above != end() && above->start < at ? std::next(above) : above;
  }
  [[nodiscard]] std::size_t index_of(const_iterator place) const noexcept {
    return static_cast<std::size_t>(place.chunk_ - chunks_.begin());
  }
  [[nodiscard]] iterator position(std::size_t chunk, std::size_t slot) const noexcept {
    const auto here = chunks_.begin() + static_cast<std::ptrdiff_t>(chunk);
    return (*here)->ends[slot] != kNoEnd ? iterator{here, slot} : iterator{here + 1, 0};
  }

  /// Where an area goes that is to lie below another, or below the end: the chunk has room.
  iterator make_room(const_iterator above);
  /// An area lies there: its end is kept, and the bounds that follow from it.
  void keep_end(iterator place) noexcept;
  void remember(iterator place) noexcept;
  /// What a chunk has from `slot` on, and what is added above, is a chunk of its own.
  void cut(std::size_t chunk, std::size_t slot);
  /// A chunk takes over the one above it, if together they are small. Whether it did.
  bool join(std::size_t chunk);

  std::vector<VirtAddr> bounds_;
  Chunks chunks_;  ///< none is empty but the only one
  std::size_t size_ = 0;
  Found found_;
};

}  // namespace pagesim::kernel
