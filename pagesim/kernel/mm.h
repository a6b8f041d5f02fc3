// Mm: an address space: its areas, its page tables, its counters.
#pragma once

#include <cstdint>

#include "pagesim/address.h"
#include "pagesim/hardware/page_table.h"
#include "pagesim/kernel/area_index.h"
#include "pagesim/kernel/kernel.h"
#include "pagesim/kernel/tlb_flush.h"
#include "pagesim/kernel/vma.h"
#include "pagesim/ledger.h"

namespace pagesim::kernel {

using hardware::Entry;
using hardware::FrameNumber;

/// What a mapped page counts as, in /proc/PID/status.
enum class RssKind : std::uint8_t { File, Anon, Shmem, Swap };

/// Bounds of an address space, set once when a program starts.
struct MmLimits {
  VirtAddr task_size{0x7ffffffff000};   ///< first byte no program can map
  VirtAddr map_window{0x7ffffffff000};  ///< above it a hint must ask (DEFAULT_MAP_WINDOW)
  VirtAddr mmap_base{0x7ffff7800000};
  VirtAddr unmapped_base{0x2aaaaaaab000};  ///< TASK_UNMAPPED_BASE
  VirtAddr stack_pointer;  ///< of a program that runs: in the lowest page of its stack's first
  std::uint64_t stack = 8u << 20;
  std::uint64_t data = ~std::uint64_t{0};
  std::uint64_t address_space = ~std::uint64_t{0};
};

/// Where the search for room goes on: above `begin` no hole has more than `largest_hole` bytes.
struct FreeAreaCache {
  VirtAddr begin{~std::uint64_t{0}};
  std::size_t largest_hole = 0;
};

/// Areas are disjoint; neighbours that could be one are one.
class Mm {
 public:
  Mm(Kernel& owner, const hardware::Geometry& geometry, const MmLimits& bounds);
  ~Mm();
  Mm(const Mm&) = delete;
  Mm& operator=(const Mm&) = delete;

  Kernel& kernel;
  hardware::PageTable tables;
  MmLimits limits;
  TlbFlush* tlb = nullptr;
  VirtAddr start_brk;
  VirtAddr brk;
  FreeAreaCache free_areas;

  [[nodiscard]] std::size_t page_size() const noexcept { return tables.geometry().page_size(); }
  [[nodiscard]] unsigned page_shift() const noexcept { return tables.geometry().page_shift; }

  // Areas.

  [[nodiscard]] const AreaIndex& areas() const noexcept { return areas_; }
  /// The first area that ends above an address, or null: it may start above it too.
  [[nodiscard]] Vma* find_vma(VirtAddr at) noexcept { return areas_.find(at); }
  [[nodiscard]] Vma* previous(const Vma& vma) noexcept;
  [[nodiscard]] Vma* next(const Vma& vma) noexcept;
  /// Puts an area where none is, and joins it with its neighbours if it can be.
  Vma& insert(Vma vma);
  /// The same without joining: a forked child has its parent's areas, one by one.
  void adopt(Vma vma);
  /// Cuts the area that holds `at` in two there; nothing if an area starts there or none is there.
  void split(VirtAddr at);
  /// Takes away the areas within [start, end), which must have been split at its edges. Their pages
  /// must be gone.
  void erase(VirtAddr start, VirtAddr end);
  /// Joins the areas that touch [start, end] with their neighbours where they have become alike.
  void merge(VirtAddr start, VirtAddr end);
  /// The number an area gets with its first anonymous page: a neighbour's that it could be joined
  /// with but for the protection, so that a later mprotect can join them; else a new one.
  [[nodiscard]] AnonVma mergeable_anon_vma(const Vma& vma) noexcept;
  /// Changes the protection of a whole area.
  void set_prot(Vma& vma, std::uint8_t prot) noexcept;
  /// A growing area reaches down to `start`.
  void grow_down(Vma& vma, VirtAddr start);
  /// An area ends higher; the room must be free.
  void resize(Vma& vma, VirtAddr end) noexcept;
  /// How far down this area keeps others away: its start, less the guard gap of a growing one.
  [[nodiscard]] VirtAddr start_with_gap(const Vma& vma) const noexcept;
  [[nodiscard]] bool is_free(VirtAddr start, VirtAddr end) noexcept;
  /// Whether [start, end) has an area at each of its bytes.
  [[nodiscard]] bool is_covered(VirtAddr start, VirtAddr end) noexcept;

  // Counters, in pages.

  void count(RssKind kind, std::int64_t pages) noexcept {
    if (pages < 0) note_peak();
    rss_[static_cast<unsigned>(kind)] += pages;
  }
  [[nodiscard]] Rss rss() const noexcept;
  [[nodiscard]] std::int64_t peak_rss() const noexcept;  ///< bytes
  [[nodiscard]] std::uint64_t total_vm() const noexcept { return total_vm_; }
  [[nodiscard]] std::uint64_t data_vm() const noexcept { return data_vm_; }

  /// Entries of `level` that map pages of [start, end) changed: the TLB forgets these pages, or the
  /// whole address space where it would be asked too often.
  void flush_tlb(VirtAddr start, VirtAddr end, TableChange change, unsigned level = 0);
  /// Tables of [start, end) were freed.
  void flush_tlb_tables(VirtAddr start, VirtAddr end, TableChange change);

 private:
  /// Whether two areas would continue each other, protection and anon_vma aside.
  [[nodiscard]] bool are_continuous(const Vma& lower, const Vma& upper) const noexcept;
  [[nodiscard]] bool can_merge(const Vma& lower, const Vma& upper) const noexcept;
  [[nodiscard]] std::int64_t resident() const noexcept { return rss_[0] + rss_[1] + rss_[2]; }
  void note_peak() noexcept {
    if (resident() > peak_) peak_ = resident();
  }
  void account(const Vma& vma, std::int64_t pages) noexcept;
  void note_hole(VirtAddr start, VirtAddr end) noexcept;
  /// What follows from an area's protection: its key, and the bits of entries for new pages.
  void keep_protection(Vma& vma) const noexcept;

  AreaIndex areas_;
  std::int64_t rss_[4] = {};
  std::int64_t peak_ = 0;
  std::uint64_t total_vm_ = 0;  ///< pages mapped
  std::uint64_t data_vm_ = 0;   ///< private writable ones, stack left out
};

}  // namespace pagesim::kernel
