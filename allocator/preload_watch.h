// Calls watched one by one: what FAULTLINE_STATS counts and FAULTLINE_CHECK proves.
#pragma once

#include <cstdint>

#include "allocator/preload_memory.h"

namespace allocator {

enum class Operation : std::uint8_t { Malloc, Calloc, Realloc, Aligned, Free };
inline constexpr std::size_t kOperations = static_cast<std::size_t>(Operation::Free) + 1;

struct WatchState {
  [[gnu::visibility("hidden")]] static inline constinit bool on = false;
};
/// Whether calls are watched. Threads then look as if they had no cache, which keeps them off the
/// fast paths: those cost nothing more when nobody watches.
[[nodiscard]] inline bool is_watching() noexcept { return WatchState::on; }

/// Reads what the environment asks for; once, when the process begins.
void begin_watching() noexcept;
/// Takes the calling thread's cache out of its sight, and gives it back. Without effect when it is
/// hidden, or is not, already.
void hide_cache() noexcept;
void show_cache() noexcept;

/// One watched call, from before it to after it.
class Watch {
 public:
  /// `old`: the block the call frees if it succeeds; null: none.
  Watch(Operation operation, VirtAddr old) noexcept;
  /// Counts the call, which gave `now`, and proves the heap if its turn has come. Gives `now`.
  VirtAddr done(VirtAddr now) noexcept;

 private:
  Operation operation_;
  std::size_t old_bytes_;
};

}  // namespace allocator
