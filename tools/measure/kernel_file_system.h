// Where the kernel's own file systems can be read: debugfs, tracefs.
#pragma once

#include <string>

namespace tools::measure {

/// A directory that shows the file system of this type: its usual place if it is mounted there,
/// else a mount that only this process holds, for as long as it lives. Empty: it cannot be had (no
/// such file system, or no CAP_SYS_ADMIN).
[[nodiscard]] std::string kernel_file_system(const std::string& type, const std::string& usual);

[[nodiscard]] inline std::string debugfs() {
  return kernel_file_system("debugfs", "/sys/kernel/debug");
}
[[nodiscard]] inline std::string tracefs() {
  return kernel_file_system("tracefs", "/sys/kernel/tracing");
}

}  // namespace tools::measure
