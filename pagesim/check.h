// check: a broken invariant of the machine ends the program, in release builds too.
#pragma once

namespace pagesim {

[[noreturn]] void check_failed(const char* claim, const char* file, int line) noexcept;

/// An instrument must not lie quietly: prints `claim` with its place and aborts if it does not
/// hold.
constexpr void check(bool holds, const char* claim, const char* file = __builtin_FILE(),
                     int line = __builtin_LINE()) noexcept {
  if (!holds) [[unlikely]]
    check_failed(claim, file, line);
}

}  // namespace pagesim
