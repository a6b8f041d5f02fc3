// Rights: what this machine lets this user measure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "pagesim/kernel/profile.h"

namespace tools::measure {

/// The text of a small file of /proc or /sys, without its last newline; empty value: unreadable.
[[nodiscard]] std::optional<std::string> read_file(const std::string& path);

/// The version of the kernel this program runs on; the newest known one where it does not say.
[[nodiscard]] pagesim::kernel::KernelVersion running_kernel();

/// The fault tracepoints, with which perf tells the error code of each fault.
struct Tracepoints {
  std::uint32_t user = 0;  ///< 0: cannot be had
  std::uint32_t kernel = 0;
  std::uint32_t address_offset = 8;
  std::uint32_t error_code_offset = 24;
  std::string missing;  ///< why not, a sentence; empty: they can be had
};
[[nodiscard]] Tracepoints find_tracepoints();

/// Whether any swap space is in use.
[[nodiscard]] bool has_swap();
/// The swap space that is used first, as /proc/swaps names it; empty: there is none.
[[nodiscard]] std::string first_swap();

/// Running as root for the kernel: CAP_SYS_ADMIN in effect.
[[nodiscard]] bool has_sys_admin();
/// Whether CAP_SYS_RAWIO is: it lets a program map the lowest addresses.
[[nodiscard]] bool has_sys_rawio();

/// perf_event_mlock_kb in pages, to a power of two: the ring an ordinary user can have.
[[nodiscard]] std::uint32_t ring_pages_allowed();

}  // namespace tools::measure
