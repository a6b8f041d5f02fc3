// Table pages: splits, distinct prefixes, segments.
#include "pagesim/table_pages.h"

#include <algorithm>
#include <array>

#include "pagesim/check.h"

namespace pagesim {

namespace {

using hardware::Arch;
using hardware::Geometry;

constexpr unsigned kMostLevels = 5;
constexpr std::uint64_t kPaeMiddleTables = 3;  // one for each GiB of the user's, from the start

std::uint64_t pages_for(const Geometry& geometry, std::uint64_t entries) {
  return (entries * geometry.entry_bytes + geometry.page_size() - 1) / geometry.page_size();
}

/// Index bits spread over `levels`, the lower ones taking what is left over.
Geometry even_split(const Geometry& machine, unsigned levels) {
  Geometry split = machine;
  const unsigned bits = machine.address_bits() - machine.page_shift;
  split.levels = levels;
  split.index_bits = {};
  for (unsigned level = 0; level < levels; ++level)
    split.index_bits[level] = static_cast<std::uint8_t>((bits + levels - 1 - level) / levels);
  return split;
}

/// Tables of one page at each level, whatever address that reaches.
Geometry page_sized_tables(const Geometry& machine, unsigned levels) {
  constexpr unsigned kEntryShift = 3;
  Geometry split = machine;
  split.levels = levels;
  split.entry_bytes = 1u << kEntryShift;
  split.index_bits = {};
  for (unsigned level = 0; level < levels; ++level)
    split.index_bits[level] = static_cast<std::uint8_t>(machine.page_shift - kEntryShift);
  return split;
}

/// 32-bit x86: what there was of it, PAE for three levels.
Geometry i386_split(const Geometry& machine, unsigned levels) {
  constexpr std::array<std::array<std::uint8_t, 5>, 3> kBits = {{{20}, {10, 10}, {9, 9, 2}}};
  Geometry split = machine;
  split.levels = levels;
  split.index_bits = kBits[levels - 1];
  split.entry_bytes = levels == 3 ? 8 : 4;
  return split;
}

/// How many different values the page numbers have once their lower `bits` are cut off.
std::uint64_t distinct_prefixes(const std::vector<PageRun>& runs, unsigned bits) {
  std::uint64_t count = 0;
  std::uint64_t next = 0;  // the first prefix not counted yet
  for (const PageRun& run : runs) {
    if (bits >= 64) return 1;
    const std::uint64_t first = std::max(next, static_cast<std::uint64_t>(run.first) >> bits);
    const std::uint64_t end = (static_cast<std::uint64_t>(run.last) >> bits) + 1;
    if (first >= end) continue;
    count += end - first;
    next = end;
  }
  return count;
}

std::string split_text(const Geometry& split) {
  std::string text;
  for (unsigned level = split.levels; level-- > 0;)
    text += std::to_string(split.index_bits[level]) + (level == 0 ? "+" : "/");
  return text + std::to_string(split.page_shift);
}

}  // namespace

Geometry with_levels(const Geometry& machine, unsigned levels) {
  check(levels >= 1 && levels <= kMostLevels, "page tables have 1 to 5 levels");
  if (levels == machine.levels) return machine;
  if (machine.arch == Arch::X86 && machine.is_32_bit() && levels <= 3)
    return i386_split(machine, levels);
  return levels < machine.levels ? even_split(machine, levels) : page_sized_tables(machine, levels);
}

TableCount count_tables(const Geometry& split, const std::vector<PageRun>& touched) {
  TableCount count;
  count.design = std::to_string(split.levels) + (split.levels == 1 ? " level" : " levels");
  count.split = split_text(split);
  count.levels = split.levels;
  for (unsigned level = 0; level < split.levels; ++level) {
    const bool root = level + 1 == split.levels;
    std::uint64_t tables =
        root ? 1 : distinct_prefixes(touched, split.shift(level + 1) - split.page_shift);
    if (split.is_pae() && level == 1) tables = kPaeMiddleTables;
    const std::uint64_t pages = tables * pages_for(split, split.entries(level));
    count.tables.push_back(tables);
    count.pages += pages;
    if (split.counts_in_vm_pte(level)) count.vm_pte_pages += pages;
  }
  count.bytes = count.pages * split.page_size();
  return count;
}

TableCount count_segment_tables(const Geometry& machine, const std::vector<PageRun>& areas) {
  TableCount count;
  count.design = "segments";
  count.tables.push_back(areas.size());
  for (const PageRun& area : areas)
    count.pages += pages_for(machine, static_cast<std::uint64_t>(area.last) -
                                          static_cast<std::uint64_t>(area.first) + 1);
  count.bytes = count.pages * machine.page_size();
  return count;
}

std::vector<TableCount> table_designs(const Geometry& machine, const std::vector<PageRun>& touched,
                                      const std::vector<PageRun>& areas) {
  std::vector<TableCount> designs;
  for (unsigned levels = 1; levels <= kMostLevels; ++levels)
    designs.push_back(count_tables(with_levels(machine, levels), touched));
  designs.push_back(count_segment_tables(machine, areas));
  return designs;
}

std::vector<PageRun> area_runs(const Geometry& machine, const std::vector<MapLine>& maps) {
  std::vector<PageRun> runs;
  runs.reserve(maps.size());
  for (const MapLine& line : maps)
    runs.push_back({line.start.page(machine.page_shift), (line.end - 1).page(machine.page_shift)});
  return runs;
}

}  // namespace pagesim
