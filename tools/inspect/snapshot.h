// Snapshot: a process's memory at one moment, as far as a heap may lie there.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "pagesim/address.h"
#include "pagesim/page_state.h"
#include "tools/inspect/sparse_bytes.h"
#include "tools/measure/maps.h"

namespace tools::inspect {

using pagesim::PageState;
using pagesim::VirtAddr;

/// Why a process or core cannot be looked at: one sentence for the user.
class CannotInspect : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
/// What was named is no core file.
class NotACore : public CannotInspect {
 public:
  using CannotInspect::CannotInspect;
};

/// A line of /proc/PID/maps, or what a core says in its place.
using Mapping = measure::MappedArea;

/// Bytes [begin, end) of the process. What was in memory was read, and kept as far as a heap's
/// reader may ask for it; the rest reads as zeros.
struct SavedArea {
  VirtAddr begin;
  VirtAddr end;
  SparseBytes bytes;
  std::vector<PageState> pages;  ///< a state a page; of a core: Anon where it holds the page
};

class Snapshot {
 public:
  std::string name;     ///< "process 123", the core's path
  std::string program;  ///< its file; empty: not known
  std::vector<Mapping> mappings;
  std::vector<SavedArea> areas;                ///< by address
  std::vector<std::uint64_t> thread_pointers;  ///< fs base of each thread
  bool knows_pages = false;                    ///< whether the pages' states are the kernel's word
  bool tells_zero_page = false;  ///< else a page with more than one owner may be the zero page
  double stopped_seconds = 0;
  bool copied_at_rest = false;  ///< before it was stopped: no thread ran from then on

  /// The area that the byte lies in; null: none was saved.
  [[nodiscard]] const SavedArea* area_at(VirtAddr at) const noexcept;
  /// Copies bytes of the process; false: they do not all lie in one saved area.
  bool read(VirtAddr at, void* to, std::size_t bytes) const noexcept;
  /// Zero where nothing was saved.
  [[nodiscard]] std::uint64_t word(VirtAddr at) const noexcept {
    std::uint64_t value = 0;
    read(at, &value, sizeof value);
    return value;
  }
  [[nodiscard]] PageState page(VirtAddr at) const noexcept;

 private:
  mutable std::size_t last_ = 0;  ///< the area asked for last: a walk stays in one for long
};

}  // namespace tools::inspect
