// PeekMemory: a simulated process's memory, read without an access.
#pragma once

#include "allocator/policy.h"
#include "pagesim/sim_memory.h"
#include "tools/heap/surroundings.h"

namespace tools::heap {

/// A handle. Nothing faults, nothing is counted; a page that is not there reads as zeros.
class PeekMemory {
 public:
  explicit PeekMemory(const pagesim::Task& task) noexcept : task_{&task} {}

  template <class T>
  [[nodiscard]] T load(VirtAddr at, pagesim::AccessTag /*tag*/ = {}) const {
    T value{};
    return task_->peek(at, &value, sizeof value) ? value : T{};
  }
  /// Whether the byte is in memory or swapped out.
  [[nodiscard]] bool is_there(VirtAddr at) const {
    std::uint8_t byte = 0;
    return task_->peek(at, &byte, 1);
  }
  [[nodiscard]] VirtAddr globals() const noexcept;

  /// Of the whole process: all its threads' caches, and where it has anonymous memory.
  [[nodiscard]] Surroundings surroundings() const;

 private:
  const pagesim::Task* task_;
};
static_assert(allocator::ReadableMemory<PeekMemory>);

}  // namespace tools::heap
