// What page tables cost: the same pages under one flat table, 2 to 5 levels, a table a segment.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pagesim/hardware/machine.h"
#include "pagesim/page_state.h"

namespace pagesim {

/// The tables one address space needs under one design.
struct TableCount {
  std::string design;                 ///< "1 level", "4 levels", "segments"
  std::string split;                  ///< bits of address from the root down: "9/9/9/9+12"
  unsigned levels = 0;                ///< 0: segments
  std::vector<std::uint64_t> tables;  ///< by level, leaf first; a table may be several pages long
  std::uint64_t pages = 0;            ///< of all tables, the root included
  std::uint64_t bytes = 0;
  std::uint64_t vm_pte_pages = 0;  ///< of them in VmPTE: neither the root nor a P4D is
};

/// A split of this machine's addresses into `levels` (1 to 5): its own, if it has so many; fewer
/// levels share its index bits evenly, more of them have tables of one page. 32-bit x86 has one of
/// its own for 1 to 3 levels: flat, 10/10 and (PAE) 2/9/9.
[[nodiscard]] hardware::Geometry with_levels(const hardware::Geometry& machine, unsigned levels);

/// The tables needed for pages that have entries. Runs are disjoint and ascending.
[[nodiscard]] TableCount count_tables(const hardware::Geometry& split,
                                      const std::vector<PageRun>& touched);
/// Segment-wise: each area has a flat table of its own with one entry a page, touched or not, in
/// whole pages.
[[nodiscard]] TableCount count_segment_tables(const hardware::Geometry& machine,
                                              const std::vector<PageRun>& areas);
/// All of these designs on one machine: 1 to 5 levels, then segments. `touched` as from
/// Task::touched_pages, `areas` as from area_runs.
[[nodiscard]] std::vector<TableCount> table_designs(const hardware::Geometry& machine,
                                                    const std::vector<PageRun>& touched,
                                                    const std::vector<PageRun>& areas);
/// The pages of each mapping, as Task::maps lists them.
[[nodiscard]] std::vector<PageRun> area_runs(const hardware::Geometry& machine,
                                             const std::vector<MapLine>& maps);

}  // namespace pagesim
