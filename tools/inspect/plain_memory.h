// PlainMemory: a snapshot as memory that records can be viewed in.
#pragma once

#include "allocator/memory.h"
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

}  // namespace tools::inspect
