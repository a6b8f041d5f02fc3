// Where a program is made to fork, and what the child does with the memory it got.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tools/script/op.h"

namespace tools::verbs {

/// A fork that the script or trace does not have.
struct ForkPoint {
  std::optional<std::uint64_t> after_line;  ///< of the script; of a trace: the event's number
  std::optional<std::uint64_t> after_op;    ///< counted from 1
  /// "write", "read": the child touches each page of each block that lives at the fork, in the
  /// order of their names, at once; "none". It lives to the program's end.
  std::string child = "write";

  [[nodiscard]] bool is_set() const noexcept { return after_line || after_op; }
};

/// Puts the fork into the program; the process that ran the operation before it forks. Blocks are
/// those of allocator calls, not of mmap. Throws Refusal where the program has no such line or
/// operation.
void add_fork(script::Program& program, const ForkPoint& fork);

/// Throws as add_fork does.
void check_fork(const script::Program& program, const ForkPoint& fork);

}  // namespace tools::verbs
