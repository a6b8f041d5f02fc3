// PlainMemory: a snapshot as memory that records can be viewed in.
#pragma once

#include "allocator/memory.h"
#include "tools/heap/region_search.h"
#include "tools/inspect/snapshot.h"

namespace tools::inspect {

/// A handle. What was not saved reads as zeros.
class PlainMemory {
 public:
  explicit PlainMemory(const Snapshot& snapshot) noexcept : snapshot_{&snapshot} {}

  template <class T>
  [[nodiscard]] T load(VirtAddr at, pagesim::AccessTag /*tag*/ = {}) const {
    T value{};
    return snapshot_->read(at, &value, sizeof value) ? value : T{};
  }
  /// No state is known yet.
  [[nodiscard]] static VirtAddr globals() noexcept { return {}; }

 private:
  const Snapshot* snapshot_;
};

/// Whether a heap may begin with the mapping: with a chunk that has none below it.
[[nodiscard]] inline bool begins_with_chunk(const Snapshot& snapshot, const Mapping& mapping) {
  const allocator::Chunk<PlainMemory> first{PlainMemory{snapshot}, mapping.begin};
  return heap::may_be_chunk(first, mapping.end) && first.prev_inuse();
}

}  // namespace tools::inspect
