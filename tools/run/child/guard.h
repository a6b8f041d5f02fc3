// The guard: runs a piece of the script so that a signal ends the piece and not the program.
#pragma once

#include "pagesim/ledger.h"
#include "tools/run/child/task.h"

namespace tools::run::child {

using Act = void (*)(Call&);

/// Runs act(call). False: a signal ended it; last_signal() tells which.
[[nodiscard]] bool guarded(Act act, Call& call) noexcept;

[[nodiscard]] const pagesim::SignalInfo& last_signal() noexcept;

/// Installs the handlers for the process (kept over fork) and the alternate stack of the thread.
void install_handlers() noexcept;
void install_signal_stack(Task& task) noexcept;

/// From here on the piece executes one instruction of the script's: a trap or an illegal
/// instruction ends it as done.
void step_once() noexcept;

}  // namespace tools::run::child
