// Situations a program can bring about, by name: each says on standard output what it sees of
// malloc.
#pragma once

#include <cstddef>
#include <span>

namespace situations {

struct Situation {
  const char* name;
  void (*live)();
};

[[nodiscard]] std::span<const Situation> situations_of_keys();
[[nodiscard]] std::span<const Situation> situations_of_libraries();
[[nodiscard]] std::span<const Situation> situations_of_signals();
[[nodiscard]] std::span<const Situation> situations_of_limits();

/// Writes where `p` lies, with no address the kernel chose, or why it is null.
void write_place(const void* p);
/// malloc_info, and what is in use.
void write_state();
/// Ends the program: `what` went wrong.
[[noreturn]] void fail(const char* what);

/// Runs `live` in a thread of its own, to its end.
void in_thread(void (*live)());
/// Stamped blocks of many sizes, made, resized and freed; fails when one has lost its stamp.
void churn(unsigned seed, int operations);

}  // namespace situations
