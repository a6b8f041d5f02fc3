// SystemCalls: which system call the kernel was in, from its own call chain.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace tools::compare {

/// By the names of the kernel's functions, where /proc/kallsyms tells them (CAP_SYSLOG): the
/// outermost function whose name is a call's tells (__x64_sys_read, ksys_read, __sys_recvfrom).
class SystemCalls {
 public:
  /// `callers`: addresses of the kernel's code, innermost first. SYS_*; none: not told, or no call
  /// was being run (a signal being delivered, a child's first steps).
  [[nodiscard]] std::optional<int> of(std::span<const std::uint64_t> callers);
  /// What of() does when it is first asked; takes a tenth of a second.
  void read();

 private:
  [[nodiscard]] std::optional<int> at(std::uint64_t address);

  bool read_ = false;
  /// The calls' functions: first byte, the byte after the last, and the number.
  std::map<std::uint64_t, std::pair<std::uint64_t, int>> functions_;
};

/// "read", "execve"; "unknown" for none.
[[nodiscard]] std::string system_call_name(std::optional<int> number);

}  // namespace tools::compare
