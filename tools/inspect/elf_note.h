// Notes of an ELF file that a process has mapped.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "tools/inspect/snapshot.h"

namespace tools::inspect {

struct ElfNote {
  unsigned type = 0;
  VirtAddr words;  ///< its descriptor
  std::size_t bytes = 0;
};

/// The first note of that owner, and of that type unless it is 0, of the file mapped at `base`.
[[nodiscard]] std::optional<ElfNote> find_note(const Snapshot& snapshot, VirtAddr base,
                                               std::string_view owner, unsigned type = 0);

}  // namespace tools::inspect
