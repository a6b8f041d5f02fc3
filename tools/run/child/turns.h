// Turns: which process runs which operation when. One step number in shared memory, no futexes.
#pragma once

#include "tools/run/child/task.h"

namespace tools::run::child {

/// Runs the program's operations that are this task's, from `index` on, waiting for its turn at
/// each. Returns when the program has been run, or the task is to end.
void take_turns(Task& task, std::uint64_t index) noexcept;

/// Prepares the calling process or thread as `task`: signal stack, instruments, touched pages.
void settle_in(Task& task, std::uint32_t index) noexcept;

/// A fork leaves the pages of all threads of a process shared with the child: each touches its own
/// again before it does anything that is measured.
void touch_after_forks(Task& task) noexcept;
/// Sleeps while a shared word has a value, but not long: whoever waits looks after other things
/// too.
void wait_while(const void* word, std::uint32_t value) noexcept;
/// Wakes all who wait for a shared word.
void wake_waiters(const void* word) noexcept;
/// Makes a child process or thread of the script for operation call.op.
void start_task(Call& call) noexcept;
/// Ends op.peer and waits until it is gone.
void end_task(Call& call) noexcept;
/// True once the process has given up its memory: it is a zombie, or reaped. (Its statm reads zero
/// a little earlier, while its pages are still being unmapped.)
[[nodiscard]] bool memory_gone(std::int32_t pid) noexcept;

/// Ends this process of the script, as a fatal signal or `exit` does.
[[noreturn]] void leave(Task& task) noexcept;

}  // namespace tools::run::child
