// Terminal: the screen and the keys of standard output and input.
#pragma once

#include <optional>

#include "tools/explain/tui/screen.h"

namespace tools::explain {

/// Has the whole terminal while it lives, and leaves it as it was, also if the process is stopped
/// and goes on. SIGINT, SIGTERM and SIGHUP wait for next_key to be called. One at a time.
class Terminal {
 public:
  /// Throws std::runtime_error where the terminal's kind (TERM) is not known.
  Terminal();
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  [[nodiscard]] Size size() const;
  void show(const Screen& screen);
  /// Waits for one; nothing: the size has changed, or a signal came that ends the process.
  [[nodiscard]] std::optional<char32_t> next_key();
  /// That signal; 0: none.
  [[nodiscard]] static int ended_by() noexcept;
};

}  // namespace tools::explain
