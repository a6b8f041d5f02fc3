// PageTable: making, finding and freeing tables.
#include "pagesim/hardware/page_table.h"

#include <new>

#include "pagesim/check.h"

namespace pagesim::hardware {

PageTable::PageTable(const Geometry& geometry, PhysicalMemory& memory)
    : geometry_{geometry}, format_{entry_format(geometry)}, memory_{memory} {
  check(geometry.levels >= 2 && geometry.levels <= 5, "page tables have 2 to 5 levels");
  for (unsigned level = 0; level <= geometry.levels; ++level)
    shifts_[level] = geometry.shift(level);
  const auto root = memory.allocate_table(geometry.entries(geometry.levels - 1));
  if (!root) throw std::bad_alloc{};
  root_ = *root;
  if (geometry.is_pae()) preallocate();
}

void PageTable::preallocate() {
  Entry* entries = memory_.table(root_);
  for (std::uint64_t at = 0; at < geometry_.user_end; at += span(geometry_.levels - 1))
    if (!make_table(entries[index(VirtAddr{at}, geometry_.levels - 1)], geometry_.levels - 1))
      throw std::bad_alloc{};
}

PageTable::~PageTable() {
  free_all(memory_.table(root_), geometry_.levels - 1);
  for (const FrameNumber table : reserve_) memory_.free(table);
  memory_.free(root_);
}

void PageTable::free_all(Entry* table, unsigned level) {
  if (level == 0) return;
  for (std::size_t i = 0; i < geometry_.entries(level); ++i) {
    if (!is_table(table[i])) continue;
    free_all(table_of(table[i]), level - 1);
    memory_.free(frame(table[i]));
  }
}

PageTable::Lowest PageTable::lowest(VirtAddr at) const noexcept {
  unsigned level = geometry_.levels - 1;
  Entry* entry = memory_.table(root_) + index(at, level);
  while (level > 0 && is_table(*entry)) {
    --level;
    entry = table_of(*entry) + index(at, level);
  }
  return {entry, level};
}

Entry* PageTable::find(VirtAddr at, unsigned level) noexcept {
  if (level == 0 && at.raw() >> shifts_[1] == last_region_) return last_table_ + index(at, 0);
  unsigned reached = geometry_.levels - 1;
  Entry* entry = memory_.table(root_) + index(at, reached);
  while (reached > level && is_table(*entry)) {
    --reached;
    entry = table_of(*entry) + index(at, reached);
  }
  return reached == level ? entry : nullptr;
}

Entry* PageTable::make_path(VirtAddr at, unsigned level) {
  unsigned reached = geometry_.levels - 1;
  Entry* entry = memory_.table(root_) + index(at, reached);
  while (reached > level) {
    if (*entry == 0 && !make_table(*entry, reached)) return nullptr;
    check(is_table(*entry), "no large entry stands above the one that is wanted");
    --reached;
    entry = table_of(*entry) + index(at, reached);
  }
  if (level == 0) {
    last_region_ = at.raw() >> shifts_[1];
    last_table_ = entry - index(at, 0);
  }
  return entry;
}

bool PageTable::make_table(Entry& entry, unsigned level) {
  const auto table = memory_.allocate_table(geometry_.entries(level - 1));
  if (!table) return false;
  const Entry bits = level + 1 == geometry_.levels ? format_.root_table : format_.table;
  entry = (Entry{static_cast<std::uint32_t>(*table)} << geometry_.page_shift) | bits;
  tables_ += geometry_.counts_in_vm_pte(level - 1) ? 1 : 0;
  return true;
}

bool PageTable::deposit() {
  const auto table = memory_.allocate_table(geometry_.entries(0));
  if (!table) return false;
  reserve_.push_back(*table);
  ++tables_;
  return true;
}

void PageTable::withdraw() {
  check(!reserve_.empty(), "a table that is withdrawn was deposited");
  memory_.free(reserve_.back());
  reserve_.pop_back();
  --tables_;
}

Entry* PageTable::hang(Entry& entry) {
  check(!reserve_.empty(), "a table that is hung was deposited");
  const FrameNumber table = reserve_.back();
  reserve_.pop_back();
  const Entry bits = geometry_.levels == 2 ? format_.root_table : format_.table;
  entry = (Entry{static_cast<std::uint32_t>(table)} << geometry_.page_shift) | bits;
  return memory_.table(table);
}

void PageTable::unhang(Entry& entry) {
  reserve_.push_back(frame(entry));
  entry = 0;
  forget_last();
}

void PageTable::free_table(Entry& entry, unsigned level) {
  memory_.free(frame(entry));
  entry = 0;
  tables_ -= geometry_.counts_in_vm_pte(level - 1) ? 1 : 0;
  forget_last();
}

bool PageTable::free_tables(VirtAddr start, VirtAddr end, VirtAddr floor, VirtAddr ceiling) {
  return start < end &&
         free_below(memory_.table(root_), geometry_.levels - 1, start, end, floor, ceiling);
}

bool PageTable::free_below(Entry* table, unsigned level, VirtAddr start, VirtAddr end,
                           VirtAddr floor, VirtAddr ceiling) {
  if (level == 0) return false;
  bool freed = false;
  const std::uint64_t step = span(level);
  std::size_t i = index(start, level);
  for (VirtAddr at = start.align_down(step); at < end; at += step, ++i) {
    if (!is_table(table[i])) continue;
    freed |= free_below(table_of(table[i]), level - 1, std::max(start, at),
                        std::min(end, at + step), floor, ceiling);
    if (at < floor || ceiling < at + step) continue;
    free_table(table[i], level);
    freed = true;
  }
  return freed;
}

bool PageTable::free_leaf_table(VirtAddr at) {
  Entry* above = find(at, 1);
  if (above == nullptr || !is_table(*above)) return false;
  free_table(*above, 1);
  return true;
}

}  // namespace pagesim::hardware
