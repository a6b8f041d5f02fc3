// StoppedProcess: all threads of a process held still, until it goes.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tools::inspect {

/// Stops it by PTRACE_SEIZE and PTRACE_INTERRUPT, which send it no signal; it runs on when this
/// object goes, as it ran before.
class StoppedProcess {
 public:
  /// Throws CannotInspect.
  explicit StoppedProcess(pid_t pid);
  ~StoppedProcess();
  StoppedProcess(const StoppedProcess&) = delete;
  StoppedProcess& operator=(const StoppedProcess&) = delete;

  /// The fs base of each thread. Throws CannotInspect for a program of 32 bits.
  [[nodiscard]] std::vector<std::uint64_t> thread_pointers() const;

 private:
  bool stop_new_threads();
  void stop(pid_t tid);
  void release() noexcept;

  pid_t pid_;
  std::vector<pid_t> threads_;
};

/// The process's threads, those that have ended left out.
[[nodiscard]] std::vector<pid_t> threads_of(pid_t pid);
/// What /proc/PID/status says of a key such as "State:"; empty: nothing.
[[nodiscard]] std::string status_of(pid_t pid, std::string_view key);

}  // namespace tools::inspect
