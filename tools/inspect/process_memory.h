// ProcessMemory: another process's bytes, read without a change to its pages.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>

#include "tools/inspect/snapshot.h"
#include "tools/run/owned_fd.h"

namespace tools::inspect {

/// How a page is read.
enum class Way : std::uint8_t {
  Not,     ///< it holds nothing, or is in swap: reading would bring it in
  Pinned,  ///< process_vm_readv(2), the quick one
  /// /proc/PID/mem. To pin a page that processes share after a fork is to copy it for this one.
  Unpinned
};
[[nodiscard]] Way way_of(PageState state) noexcept;

class ProcessMemory {
 public:
  explicit ProcessMemory(pid_t pid);

  /// Copies from pages that are read in one way. How many bytes could be; 0: none.
  std::size_t copy(Way way, VirtAddr from, std::byte* to, std::size_t bytes) const noexcept;

 private:
  pid_t pid_;
  run::OwnedFd memory_;
};

}  // namespace tools::inspect
