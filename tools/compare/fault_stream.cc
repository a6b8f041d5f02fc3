// One ring a processor, and a thread that empties them.
#include "tools/compare/fault_stream.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>

#include "tools/compare/perf_ring.h"

namespace tools::compare {
FaultStream::FaultStream(pid_t program, Unwind unwind, bool presence,
                         measure::Tracepoints tracepoints)
    : unwind_{unwind}, presence_{presence}, tracepoints_{std::move(tracepoints)} {
  const auto processors = static_cast<int>(sysconf(_SC_NPROCESSORS_CONF));
  for (int i = 0; i < processors; ++i) open(program, i);
  if (rings_.empty()) throw std::system_error{ENODEV, std::generic_category(), "perf"};
  drainer_ = std::thread{[this] { drain_until_stopped(); }};
}

FaultStream::~FaultStream() { stop(); }

/// A processor that is off has no ring. What is refused is left out: error codes, faults in kernel
/// mode, and the presence of the page.
void FaultStream::open(pid_t program, int processor) {
  try {
    rings_.push_back(std::make_unique<PerfRing>(
        program, processor, PerfLayout{unwind_, kernel_mode_, presence_, tracepoints_}));
  } catch (const std::system_error& refused) {
    const int error = refused.code().value();
    if (error == ENODEV) return;
    if (error_codes() && (error == EACCES || error == EPERM)) {
      tracepoints_ = {};
    } else if (kernel_mode_ && (error == EACCES || error == EPERM)) {
      kernel_mode_ = false;
    } else if (presence_ && error == EINVAL) {
      presence_ = false;
    } else {
      throw;
    }
    open(program, processor);
  }
}

void FaultStream::drain_until_stopped() {
  std::vector<pollfd> rings;
  rings.reserve(rings_.size());
  for (const auto& ring : rings_) rings.push_back({ring->fd(), POLLIN, 0});
  while (!stopped_) {
    constexpr int kMilliseconds = 20;
    const int ready = poll(rings.data(), rings.size(), kMilliseconds);
    for (const auto& ring : rings_) ring->drain();
    // Once every process has ended, poll() returns at once.
    const bool ended = std::any_of(rings.begin(), rings.end(),
                                   [](const pollfd& fd) { return (fd.revents & POLLHUP) != 0; });
    if (ready > 0 && ended) std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
}

void FaultStream::stop() {
  stopped_ = true;
  if (drainer_.joinable()) drainer_.join();
}

std::vector<StreamEvent> FaultStream::take() {
  stop();
  std::vector<StreamEvent> events;
  for (const auto& ring : rings_) {
    ring->drain();
    lost_ += ring->read(events);
  }
  const auto earlier = [](const StreamEvent& a, const StreamEvent& b) { return a.time < b.time; };
  if (!std::is_sorted(events.begin(), events.end(), earlier)) {  // of one processor they mostly are
    std::stable_sort(events.begin(), events.end(), earlier);
  }
  return events;
}

}  // namespace tools::compare
