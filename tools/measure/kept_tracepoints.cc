// Events that count nothing and are never closed.
#include "tools/measure/kept_tracepoints.h"

#include <linux/perf_event.h>

#include "tools/measure/raw_syscall.h"

namespace tools::measure {
namespace {

long hold(std::uint32_t tracepoint) noexcept {
  perf_event_attr attr{};
  attr.size = sizeof attr;
  attr.type = PERF_TYPE_TRACEPOINT;
  attr.config = tracepoint;
  attr.disabled = 1;
  return raw_syscall(SYS_perf_event_open, arg(&attr), 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

}  // namespace

void keep_in_use(const Tracepoints& tracepoints) noexcept {
  if (tracepoints.user == 0 || tracepoints.kernel == 0) return;
  // Refused or not: the measured process asks for itself.
  [[maybe_unused]] static const long kHeld[] = {hold(tracepoints.user), hold(tracepoints.kernel)};
}

}  // namespace tools::measure
