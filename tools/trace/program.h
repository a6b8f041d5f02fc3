// A trace as a program, ready to be run like a script.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "tools/script/op.h"
#include "tools/trace/trace_reader.h"

namespace tools::trace {

/// What the program did with its blocks.
enum class TouchPolicy : std::uint8_t {
  None,      ///< nothing: only the allocator's own accesses remain
  Recorded,  ///< what the trace tells (TraceInfo::touches): those that faulted when it was made
  First,     ///< wrote the first byte of each block as soon as it had it
  All        ///< wrote a byte in each page of each block as soon as it had it
};

/// "none", "recorded", "first", "all".
[[nodiscard]] std::optional<TouchPolicy> touch_policy(std::string_view word);

struct ProgramOptions {
  TouchPolicy touch = TouchPolicy::None;
  std::optional<std::uint32_t>
      process{};  ///< index into TraceReader::processes(); else the busiest
};

/// The calls of one process of a trace.
///
/// - The calls of all its threads run on one thread, in the recorded order.
/// - A process that was forked starts with its ancestors' calls up to the forks, then `fork`, so it
///   has the blocks it inherited; forks of other children are left out.
/// - A name stands for a block while it lives and for another one afterwards: there are as many
///   names as blocks ever lived at once. They are empty strings.
/// - realloc(NULL, n) is malloc, realloc(p, 0) that freed is free. A block the trace lost sight of
///   (see Losses) is freed where its address was handed out again.
/// - Touches in the trace become reads and writes of a byte; other policies leave them out.
///
/// Throws TraceError when there is no such process.
[[nodiscard]] script::Program to_program(const TraceReader& reader, const ProgramOptions& options);

}  // namespace tools::trace
