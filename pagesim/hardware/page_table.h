// PageTable: the tables of one address space, in frames, with the architecture's entry bits.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "pagesim/address.h"
#include "pagesim/hardware/entry.h"
#include "pagesim/hardware/machine.h"
#include "pagesim/hardware/physical_memory.h"

namespace pagesim::hardware {

/// Entries are reached by pointer, valid until the table they lie in is freed. Levels count from
/// the leaf: 0 is the PTE table. The root exists as long as the object; it is not counted.
class PageTable {
 public:
  /// Throws std::bad_alloc when there is no frame for the root.
  PageTable(const Geometry& geometry, PhysicalMemory& memory);
  ~PageTable();
  PageTable(const PageTable&) = delete;
  PageTable& operator=(const PageTable&) = delete;

  [[nodiscard]] const Geometry& geometry() const noexcept { return geometry_; }
  [[nodiscard]] const EntryFormat& format() const noexcept { return format_; }
  [[nodiscard]] FrameNumber root() const noexcept { return root_; }

  /// The entry of `level` for an address; null when a table above it is missing or a large entry
  /// above maps the address.
  [[nodiscard]] Entry* find(VirtAddr at, unsigned level = 0) noexcept;
  /// The same with the missing tables made; null when memory is exhausted. No large entry may stand
  /// above.
  [[nodiscard]] Entry* find_or_make(VirtAddr at, unsigned level = 0) {
    const std::uint64_t region = at.raw() >> shifts_[1];
    if (level == 0 && region == last_region_) [[likely]]
      return last_table_ + index(at, 0);
    return make_path(at, level);
  }
  /// The entry of level 0, if its table is the one used last; else null.
  [[nodiscard]] Entry* find_in_last(VirtAddr at) const noexcept {
    return at.raw() >> shifts_[1] == last_region_ ? last_table_ + index(at, 0) : nullptr;
  }
  /// The lowest existing entry on the way to an address, and its level.
  struct Lowest {
    Entry* entry;
    unsigned level;
  };
  [[nodiscard]] Lowest lowest(VirtAddr at) const noexcept;

  /// Calls visit(VirtAddr, Entry*, level) for each entry that is neither empty nor a table and maps
  /// a part of [start, end), ascending. A large entry the visitor splits is entered afterwards.
  template <class Visit>
  void visit(VirtAddr start, VirtAddr end, Visit&& visit) {
    if (start < end) visit_below(memory_.table(root_), geometry_.levels - 1, start, end, visit);
  }

  /// Calls visit(VirtAddr) with the first address of each leaf table that covers a part of
  /// [start, end), be it empty or not.
  template <class Visit>
  void visit_leaf_tables(VirtAddr start, VirtAddr end, Visit&& visit) {
    if (start < end)
      visit_tables_below(memory_.table(root_), geometry_.levels - 1, start, end, visit);
  }

  /// Frees the tables that lie wholly within [floor, ceiling) and cover a part of [start, end);
  /// their entries must be empty. Returns whether any was freed.
  bool free_tables(VirtAddr start, VirtAddr end, VirtAddr floor, VirtAddr ceiling);
  /// Frees the leaf table of an address, whose entries must be empty, if it exists.
  bool free_leaf_table(VirtAddr at);

  /// Tables that VmPTE counts: neither the root nor, with five levels, those below it.
  [[nodiscard]] std::int64_t tables() const noexcept { return tables_; }
  // A large entry of level 1 keeps a leaf table in reserve, for the day it is split. It is counted,
  // although nothing points to it.
  /// Puts an empty table into the reserve; false when memory is exhausted.
  [[nodiscard]] bool deposit();
  /// Frees a table of the reserve.
  void withdraw();
  /// A table of the reserve takes the place of a level-1 entry. Its entries, all empty.
  [[nodiscard]] Entry* hang(Entry& entry);
  /// The emptied table an entry points to goes into the reserve; the entry is empty.
  void unhang(Entry& entry);

  [[nodiscard]] bool is_table(Entry entry) const noexcept {
    return format_.present.in(entry) && !format_.large.in(entry);
  }
  [[nodiscard]] FrameNumber frame(Entry entry) const noexcept {
    return format_.frame(entry, geometry_.page_shift);
  }
  [[nodiscard]] std::size_t index(VirtAddr at, unsigned level) const noexcept {
    return (at.raw() >> shifts_[level]) & (geometry_.entries(level) - 1);
  }
  /// Bytes of address space one entry of this level maps.
  [[nodiscard]] std::uint64_t span(unsigned level) const noexcept {
    return std::uint64_t{1} << shifts_[level];
  }

 private:
  [[nodiscard]] Entry* table_of(Entry entry) const noexcept { return memory_.table(frame(entry)); }
  [[nodiscard]] Entry* make_path(VirtAddr at, unsigned level);
  [[nodiscard]] bool make_table(Entry& entry, unsigned level);
  /// PAE has its middle tables of the user's gigabytes from the start.
  void preallocate();
  /// `level` is the entry's.
  void free_table(Entry& entry, unsigned level);
  bool free_below(Entry* table, unsigned level, VirtAddr start, VirtAddr end, VirtAddr floor,
                  VirtAddr ceiling);
  void free_all(Entry* table, unsigned level);
  void forget_last() noexcept { last_region_ = ~std::uint64_t{0}; }

  template <class Visit>
  void visit_below(Entry* table, unsigned level, VirtAddr start, VirtAddr end, Visit&& visit) {
    const std::uint64_t step = span(level);
    std::size_t i = index(start, level);
    for (VirtAddr at = start.align_down(step); at < end; at += step, ++i) {
      Entry& entry = table[i];
      if (entry == 0) continue;
      if (level == 0 || !is_table(entry)) visit(at, &entry, level);
      if (level > 0 && is_table(entry))
        visit_below(table_of(entry), level - 1, std::max(start, at), std::min(end, at + step),
                    visit);
    }
  }

  template <class Visit>
  void visit_tables_below(Entry* table, unsigned level, VirtAddr start, VirtAddr end,
                          Visit&& visit) {
    const std::uint64_t step = span(level);
    std::size_t i = index(start, level);
    for (VirtAddr at = start.align_down(step); at < end; at += step, ++i) {
      if (!is_table(table[i])) continue;
      if (level == 1)
        visit(at);
      else
        visit_tables_below(table_of(table[i]), level - 1, std::max(start, at),
                           std::min(end, at + step), visit);
    }
  }

  Geometry geometry_;
  const EntryFormat& format_;
  PhysicalMemory& memory_;
  FrameNumber root_{};
  std::int64_t tables_ = 0;
  std::vector<FrameNumber> reserve_;
  unsigned shifts_[6] = {};
  // The leaf table made or used last: first touches come in neighbourhoods.
  std::uint64_t last_region_ = ~std::uint64_t{0};
  Entry* last_table_ = nullptr;
};

}  // namespace pagesim::hardware
