// Which malloc a process has, and where its state lies.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "tools/inspect/snapshot.h"

namespace tools::inspect {

enum class MallocKind : std::uint8_t { Glibc, Ptmalloc, Faultline };
/// "glibc", "ptmalloc", "faultline".
[[nodiscard]] std::string_view to_string(MallocKind kind) noexcept;

struct FoundMalloc {
  MallocKind kind = MallocKind::Glibc;
  VirtAddr globals;              ///< the main arena's record
  std::vector<VirtAddr> caches;  ///< the threads' cache blocks, their user addresses
};

/// Needs no symbols. This project's libraries carry a note (allocator/preload.cc). glibc's main
/// arena is searched for in the writable data of files: a record whose 127 bins are each a list
/// that leads back to its sentinel (spec: malloc_state), as nothing else there is; a thread's cache
/// among the words below its thread pointer: one that points to a chunk of the cache's size whose
/// counts and lists agree. Throws CannotInspect.
[[nodiscard]] FoundMalloc find_malloc(const Snapshot& snapshot);

}  // namespace tools::inspect
