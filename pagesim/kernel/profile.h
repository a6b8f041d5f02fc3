// What differs between kernels: rules by version, and the settings an administrator has.
#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>

namespace pagesim::kernel {

/// Where pages go that leave memory. Zram (and brd) reads and writes at once; a disk later. An Ssd
/// is a disk that need not seek.
enum class SwapDevice : std::uint8_t { None, Disk, Zram, Ssd };

/// Who gets transparent huge pages; Inherit: as the general setting says.
enum class ThpMode : std::uint8_t { Never, Madvise, Always, Inherit };

/// A kernel's version in the words of its own Makefile: 2.6.24, 6.18.
struct KernelVersion {
  unsigned version = 0;
  unsigned patchlevel = 0;
  unsigned sublevel = 0;

  friend constexpr auto operator<=>(const KernelVersion&, const KernelVersion&) noexcept = default;
};

/// Rules and settings (spec/linux-faults sections 11, 14, 15). Defaults: Linux 6.18 as measured.
struct Profile {
  // Rules by version.
  KernelVersion version{6, 18};         ///< decides which calls exist; version.h sets what follows
  bool zero_page = true;                ///< not from 2.6.24 to 2.6.31
  bool transparent_huge_pages = true;   ///< 2.6.38
  bool huge_zero_page = true;           ///< 3.8
  bool fault_around = true;             ///< 3.15
  bool stack_grows_anywhere = true;     ///< 5.0, x86: far below the stack pointer too
  bool gup_counts_current = true;       ///< 5.9: not the owner of the memory
  bool cow_copies_unless_sole = true;   ///< 5.9: the swap cache is an owner too,
  bool execute_only_pkeys = true;       ///< 4.6, x86-64: PROT_EXEC alone gets a protection key
  bool anon_exclusive = true;           ///< 5.19: unless the page is marked as one owner's
  bool mthp = true;                     ///< 6.8
  bool mprotect_restores_write = true;  ///< 6.0: mprotect sets W on exclusive anonymous pages,
  bool mprotect_restores_clean = true;  ///< by 6.12: clean ones as well
  bool fork_skips_untouched_vmas = true;  ///< 2.6.14: no anon_vma: nothing is copied
  bool dontneed_frees_tables = true;      ///< 6.14, x86: PT_RECLAIM
  bool swap_in_maps_writable = true;      ///< by 6.12: an exclusive page, on a read too
  bool huge_readahead = true;             ///< 5.18: of files in areas advised to have huge pages
  bool gup_unshares = true;               ///< 5.19: a pinned read of a shared page copies it
  bool thp_placement = true;              ///< 6.7, 64 bits: areas are aligned for huge pages

  bool large_folio_reuse = true;       ///< 6.15: its only owner reuses pages of a large folio
  bool split_drops_zero_pages = true;  ///< 6.12: empty pages of a split huge page are not kept
  bool large_file_folios = true;       ///< 6.16, ext4: big writes and reads ahead make large folios
  bool maps_whole_folios = true;       ///< 6.18: a fault maps all of a file's large folio
  /// 6.18.y: mapping around a fault gives up at a folio that ends with the file if there is no
  /// table.
  bool last_folio_needs_table = true;

  // Settings.
  ThpMode thp_enabled = ThpMode::Madvise;
  ThpMode huge_enabled = ThpMode::Inherit;  ///< of huge pages, beside the general setting
  bool use_huge_zero_page = true;           ///< for reads of a block without a page
  /// By order, for folios smaller than a huge page: [4] is 64 KiB with pages of 4 KiB.
  std::array<ThpMode, 16> mthp_enabled = {};
  std::size_t nr_hugepages = 0;  ///< reserved for MAP_HUGETLB
  std::size_t fault_around_bytes = 65536;
  std::size_t read_ahead_kb = 128;
  SwapDevice swap = SwapDevice::None;
  std::uint64_t memory_limit = ~std::uint64_t{0};  ///< bytes: memory.max of all processes' cgroup
  unsigned page_cluster = 3;
  std::size_t stack_guard_gap = 256;  ///< pages
  /// Pages of one change that are flushed one by one; more, and the whole TLB is.
  std::size_t tlb_single_page_flush_ceiling = 33;
  std::size_t max_map_count = 65530;
  std::uint64_t mmap_min_addr = 65536;
  bool cap_sys_rawio = false;  ///< programs may map below mmap_min_addr, at a fixed address
  int overcommit_memory = 0;   ///< 2: overcommit never

  [[nodiscard]] bool has_mthp() const noexcept {
    return std::bit_cast<std::array<std::uint64_t, 2>>(mthp_enabled) !=
           std::array<std::uint64_t, 2>{};
  }
  [[nodiscard]] static Profile linux_6_18() { return {}; }
};

}  // namespace pagesim::kernel
