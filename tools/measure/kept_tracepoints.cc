// Events that count nothing, and are closed when nobody waits.
#include "tools/measure/kept_tracepoints.h"

#include <linux/perf_event.h>

#include <array>
#include <system_error>
#include <thread>
#include <utility>

#include "tools/measure/raw_syscall.h"

namespace tools::measure {
namespace {

/// Refused or not: the measured process asks for itself.
long hold(std::uint32_t type, std::uint64_t config) noexcept {
  perf_event_attr attr{};
  attr.size = sizeof attr;
  attr.type = type;
  attr.config = config;
  attr.disabled = 1;
  attr.exclude_kernel = type == PERF_TYPE_SOFTWARE;  // nobody is refused that
  return raw_syscall(SYS_perf_event_open, arg(&attr), 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

using Held = std::array<long, 2>;
Held& held_tracepoints() noexcept {
  static Held held{-1, -1};
  return held;
}

}  // namespace

void keep_in_use(const Tracepoints& tracepoints) noexcept {
  Held& held = held_tracepoints();
  if (tracepoints.user == 0 || tracepoints.kernel == 0 || held[0] >= 0 || held[1] >= 0) return;
  held = {hold(PERF_TYPE_TRACEPOINT, tracepoints.user),
          hold(PERF_TYPE_TRACEPOINT, tracepoints.kernel)};
}

void let_go_of_tracepoints() noexcept {
  const Held held = std::exchange(held_tracepoints(), {-1, -1});
  const auto close_all = [held] {
    for (const long event : held) {
      if (event >= 0) raw_syscall(SYS_close, event);
    }
  };
  if (held[0] < 0 && held[1] < 0) return;
  try {
    std::thread{close_all}.detach();
  } catch (const std::system_error&) {
    close_all();
  }
}

void keep_fault_events_in_use() noexcept {
  [[maybe_unused]] static const long kHeld[] = {
      hold(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS),
      hold(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS_MIN),
      hold(PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS_MAJ)};
}

}  // namespace tools::measure
