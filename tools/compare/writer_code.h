// writer_code: which of the allocator's words a piece of its code touches, by the code's names.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "allocator/writer.h"

namespace tools::compare {

/// Every load and store of the allocator's core names its writer at compile time, in the template
/// arguments of the accessor that makes it; inlined, the accessor's name stays in the debugging
/// information of the instruction. Where the compiler folded the access into the instruction of the
/// accessor around it, that one's class or name tells. Nothing is added to the library for this.
///
/// `functions`: as Symbols::functions_at gives them for the instruction that faulted, or for the
/// call of memset or memcpy that did. None: not told (no debugging information; another allocator;
/// the library's own code, stack and relocated words, which no writer has).
[[nodiscard]] std::optional<allocator::Writer> writer_of_code(
    std::span<const std::string> functions);

}  // namespace tools::compare
