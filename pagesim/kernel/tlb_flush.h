// TlbFlush: how the kernel tells translation hardware it never sees that entries have changed.
#pragma once

#include <cstdint>
#include <string_view>

#include "pagesim/address.h"

namespace pagesim::kernel {

/// What was done to the tables, so that translations made before no longer hold.
enum class TableChange : std::uint8_t {
  Zap,         ///< munmap, MADV_DONTNEED, the end of a process: pages went away
  FreeTables,  ///< and tables with them
  Mprotect,
  Fork,  ///< private pages lost their write permission
  Cow,   ///< a copy took a page's place
  Mremap,
  Pageout,
  LazyFree,   ///< MADV_FREE: the dirty bit was cleared
  Writeback,  ///< the dirty bit and the write permission of a file's pages
  Truncate,   ///< a file lost pages
  HugeSplit,  ///< one entry became a table of them
  Collapse,   ///< and the other way round
  Merge,      ///< KSM: equal pages became one
  NumaHint    ///< the next access is to be heard of
};
inline constexpr std::size_t kTableChanges = static_cast<std::size_t>(TableChange::NumaHint) + 1;
/// "zap", "free_tables".
[[nodiscard]] std::string_view to_string(TableChange change) noexcept;

/// One page, each page of a range, or the whole address space.
enum class FlushKind : std::uint8_t { Page, Range, All };
inline constexpr std::size_t kFlushKinds = 3;
[[nodiscard]] std::string_view to_string(FlushKind kind) noexcept;

/// Entries that map pages of [start, end) changed.
struct FlushRequest {
  TableChange change{};
  FlushKind kind{};
  VirtAddr start;
  VirtAddr end;
};

class TlbFlush {
 public:
  virtual ~TlbFlush() = default;
  /// With All, nothing remembered about any table holds either.
  virtual void flush_tlb(const FlushRequest& request) = 0;
};

}  // namespace pagesim::kernel
