// MemCgroup: a limit on the memory all processes use together, and what is reclaimed to keep it.
#pragma once

#include <cstdint>
#include <vector>

#include "pagesim/kernel/kernel.h"
#include "pagesim/kernel/lruvec.h"
#include "pagesim/kernel/page_finder.h"

namespace pagesim::kernel {

/// As memory.max of a memory cgroup in which all processes are. Everything in memory counts:
/// private pages, files' pages, page tables. What a fault takes is charged before the next one.
class MemCgroup {
 public:
  /// `max`: pages.
  MemCgroup(Kernel& kernel, std::uint64_t max);
  ~MemCgroup();
  MemCgroup(const MemCgroup&) = delete;
  MemCgroup& operator=(const MemCgroup&) = delete;

  /// try_charge: reclaims until there is room for a page. False: there is none and nothing can be
  /// reclaimed, so somebody is killed.
  [[nodiscard]] bool try_charge();
  [[nodiscard]] std::uint64_t max() const noexcept { return max_; }

 private:
  [[nodiscard]] bool is_over() const noexcept { return kernel_.memory.frames_in_use() >= max_; }
  /// Pages that came since go onto the inactive lists, in their order.
  void add_arrivals();

  Kernel& kernel_;
  std::uint64_t max_;
  Lruvec lru_;
  PageFinder finder_;
  std::vector<FrameNumber> arrivals_;
};

/// memory.max in bytes; ~0: no limit. EBUSY, and nothing changes, where less cannot be reclaimed.
int set_memory_limit(Kernel& kernel, std::uint64_t bytes);

/// Pages one round of reclaim is content with (SWAP_CLUSTER_MAX).
inline constexpr std::size_t kSwapClusterMax = 32;
/// shrink_lruvec: takes unused pages out of memory, oldest first, a second chance given to those
/// that were used since they were last looked at. Pages freed; 0: none can be.
[[nodiscard]] std::size_t shrink_lruvec(Kernel& kernel, Lruvec& lru, PageFinder& finder);

}  // namespace pagesim::kernel
