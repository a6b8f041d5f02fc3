// What each verb does on this kernel, in three steps: before, inside and after the measurement.
#pragma once

#include "tools/run/child/task.h"

namespace tools::run::child {

struct VerbSteps {
  void (*prepare)(Call&) = nullptr;  ///< opens files, refuses what cannot be done
  void (*act)(Call&) = nullptr;      ///< the operation itself; null: done by the turn-taking
  void (*finish)(Call&) = nullptr;   ///< binds names, closes files
};

[[nodiscard]] VerbSteps steps_of(script::Verb verb) noexcept;

// The tables by section of the language; a verb of another section has no steps.
[[nodiscard]] VerbSteps allocator_verb(script::Verb verb) noexcept;
[[nodiscard]] VerbSteps space_verb(script::Verb verb) noexcept;
[[nodiscard]] VerbSteps file_verb(script::Verb verb) noexcept;
[[nodiscard]] VerbSteps access_verb(script::Verb verb) noexcept;

/// Binds the call's result name to [call.address, + length).
void bind_result(Call& call, std::uint64_t length) noexcept;

/// Opens the script's file anew, so that read-ahead starts without history.
[[nodiscard]] long reopen_file(const Call& call, int flags) noexcept;
void close_file(Call& call) noexcept;

inline constexpr int kPageout = 21;  ///< MADV_PAGEOUT
/// What a disk takes to write some pages to swap.
inline constexpr std::int64_t kSwapRestNs = 50'000'000;

/// Pages that are the child's own, always touched: a source and sink for system calls.
inline constexpr std::uint64_t kBufferBytes = 256 * 1024;
[[nodiscard]] unsigned char* own_buffer() noexcept;

/// Starts a vfork child that runs `act` on a stack of its own and exits; adds its faults to the
/// call's.
void run_in_vfork_child(Call& call, void (*act)(Call&)) noexcept;

}  // namespace tools::run::child
