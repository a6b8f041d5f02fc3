// What the kernel asked of the TLB, and what was dropped: counted by change, recorded on request.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "pagesim/hardware/tlb.h"
#include "pagesim/kernel/tlb_flush.h"

namespace pagesim {

/// Flushes of one kind of change, by what was asked for, and the translations they dropped.
struct FlushCounts {
  std::array<std::uint64_t, kernel::kFlushKinds> asked = {};  ///< by FlushKind
  std::uint64_t dropped = 0;

  friend bool operator==(const FlushCounts&, const FlushCounts&) = default;
};
using FlushCountsByChange = std::array<FlushCounts, kernel::kTableChanges>;

/// A translation that was dropped.
struct DroppedTranslation {
  VirtAddr page;
  unsigned level = 0;  ///< 0: a page, 1: what an entry one level up maps
  std::uint64_t frame = 0;
  bool stale = false;  ///< the tables no longer say what it said; else it went with the others
};

/// One flush.
struct FlushRecord {
  std::uint32_t process = 0;
  kernel::FlushRequest request;
  std::vector<DroppedTranslation> dropped;
  std::size_t stale_left = 0;  ///< translations of the process that were stale afterwards: none
};

class FlushLog {
 public:
  void keep_records(bool keep) noexcept { keep_ = keep; }
  [[nodiscard]] bool keeps_records() const noexcept { return keep_; }
  void count(const kernel::FlushRequest& request, std::size_t dropped) noexcept {
    FlushCounts& counts = by_change_[static_cast<std::size_t>(request.change)];
    ++counts.asked[static_cast<std::size_t>(request.kind)];
    counts.dropped += dropped;
  }
  void file(FlushRecord record) { records_.push_back(std::move(record)); }
  [[nodiscard]] const FlushCountsByChange& by_change() const noexcept { return by_change_; }
  [[nodiscard]] const std::vector<FlushRecord>& records() const noexcept { return records_; }
  void clear_records() noexcept { records_.clear(); }

 private:
  bool keep_ = false;
  FlushCountsByChange by_change_ = {};
  std::vector<FlushRecord> records_;
};

}  // namespace pagesim
