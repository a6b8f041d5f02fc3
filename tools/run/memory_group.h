// MemoryGroup: a memory cgroup of a run's own, in which the kernel can be made to give pages back.
#pragma once

#include <cstdint>
#include <string>

namespace tools::run {

/// Made empty, removed when its processes are gone. What a killed run left behind is removed by the
/// next one.
class MemoryGroup {
 public:
  MemoryGroup();
  MemoryGroup(const MemoryGroup&) = delete;
  MemoryGroup& operator=(const MemoryGroup&) = delete;
  ~MemoryGroup();

  /// Empty where none can be made (no right, no memory controller).
  [[nodiscard]] const std::string& directory() const noexcept { return directory_; }
  /// The file its limit is written to, in bytes; empty where there is no group.
  [[nodiscard]] std::string limit_file() const;
  /// How many of its processes the kernel killed for want of memory.
  [[nodiscard]] std::uint64_t oom_kills() const;
  /// Version 2 of the interface: memory.reclaim; version 1: memory.force_empty.
  [[nodiscard]] bool is_unified() const noexcept { return unified_; }

 private:
  std::string directory_;
  bool unified_ = false;
};

}  // namespace tools::run
