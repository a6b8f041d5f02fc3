// How an access that cannot be repaired leaves the machine: signals, out of memory, abort.
#pragma once

#include <stdexcept>
#include <string>

#include "pagesim/ledger.h"

namespace pagesim {

/// A user access ended in a signal. The instruction was not repeated; the task can go on with the
/// next one, or be ended by whoever drives it.
struct SignalRaised : std::runtime_error {
  explicit SignalRaised(const SignalInfo& signal)
      : std::runtime_error{"signal " + std::to_string(signal.number)}, info{signal} {}
  SignalInfo info;
};

/// No frame was free: Linux's out-of-memory killer would now choose a victim.
struct OutOfMemoryKill : std::runtime_error {
  OutOfMemoryKill() : std::runtime_error{"the simulated machine is out of frames"} {}
};

/// The program ended itself (SIGABRT) with a message on standard error.
struct ProgramAborted : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace pagesim
