// Rest: that the threads of a process wait, and have not run meanwhile.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace tools::inspect {

/// Where each thread waits, and how often it has left a processor, as /proc tells at one moment.
class Rest {
 public:
  explicit Rest(pid_t pid);

  /// Whether every thread waits in a system call.
  [[nodiscard]] bool all_wait() const noexcept;
  /// Whether the same threads wait in the same calls as then, and each has left a processor once
  /// since: when it was stopped, which this is taken after. One that ran of its own account left it
  /// more often, or was stopped elsewhere.
  [[nodiscard]] bool is_as_stopped_since(const Rest& then) const noexcept;

 private:
  struct Thread {
    pid_t id = 0;
    std::string call;  ///< number, arguments, stack pointer, instruction; "running"
    std::uint64_t switches = 0;
  };
  std::vector<Thread> threads_;
};

}  // namespace tools::inspect
