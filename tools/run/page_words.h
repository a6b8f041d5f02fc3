// Page states in the words and letters of the truth vectors, from pagemap and kpageflags.
#pragma once

#include <cstdint>
#include <string>

#include "tools/measure/page_map.h"

namespace tools::run {

/// "absent", "swap", "guard", "zero", "huge_zero", "anon", "anon_shared", "huge", "huge_shared",
/// "file", "shmem"; "present" for one that is there, of a kind this user may not see.
[[nodiscard]] std::string page_word(measure::PageEntry entry, std::uint64_t flags);
/// "-", "S", "G", "Z", "ZH", "Ax", "AHx", "Fx": see truth/README. Empty where the frame is not
/// known.
[[nodiscard]] std::string page_letters(measure::PageEntry entry, std::uint64_t flags);

}  // namespace tools::run
