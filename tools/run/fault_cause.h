// Why a real page fault happened, from what could be seen of it, never from the simulator.
#pragma once

#include <cstdint>
#include <optional>

#include "pagesim/ledger.h"
#include "tools/measure/page_map.h"

namespace tools::run {

/// What backs the address, as /proc/PID/maps told before the operation.
enum class Backing : std::uint8_t {
  Nothing,        ///< no mapping there
  Anonymous,      ///< private anonymous memory
  PrivateFile,    ///< a private mapping of a file on disk
  PrivateMemory,  ///< a private mapping of tmpfs or memfd
  SharedFile,     ///< a shared mapping of a file on disk
  SharedMemory,   ///< a shared mapping of tmpfs, memfd, or anonymous shared memory
  Hugetlb
};

/// Everything known about one fault. An empty value was not to be had.
struct SeenFault {
  pagesim::Outcome outcome = pagesim::Outcome::Minor;
  std::optional<std::uint16_t> error_code;
  std::optional<pagesim::Access> access;
  Backing backing = Backing::Anonymous;
  std::optional<measure::PageEntry> before;
  std::optional<measure::PageEntry> after;
  std::optional<bool> in_page_cache;  ///< before (mincore)
  std::optional<bool> huge;           ///< mapped by a huge page afterwards
  bool was_zero = false;              ///< a zero page was there before, of either size
  std::uint64_t zero_frame = 0;       ///< frame of the zero page; 0: frame numbers cannot be had
};

/// The decision procedure of spec/linux-faults sections 4 to 8 read backwards. Unknown where the
/// evidence allows more than one answer.
[[nodiscard]] pagesim::Cause cause_of(const SeenFault& fault) noexcept;

/// The access, where hardware or page states tell it.
[[nodiscard]] std::optional<pagesim::Access> access_of_error(std::uint16_t error_code) noexcept;

}  // namespace tools::run
