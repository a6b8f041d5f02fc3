// Events into one ring a processor, and a thread that empties them.
#include "tools/compare/fault_stream.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "tools/compare/perf_events.h"
#include "tools/compare/perf_ring.h"

namespace tools::compare {

FaultStream::FaultStream(pid_t program, const PerfRings& rings, StreamOptions options)
    : options_{std::move(options)}, rings_{rings}, stop_{eventfd(0, EFD_CLOEXEC)} {
  for (const auto& ring : rings_) {
    ring->clear();
    open(program, *ring);
  }
  drainer_ = std::thread{[this] { drain_until_stopped(); }};
}

FaultStream::~FaultStream() {
  end();
  for (std::size_t i = 0; i < taken_.size(); ++i) rings_[i]->give_back(std::move(taken_[i]));
}

/// What is refused is left out: error codes, faults in kernel mode, and the presence of the page.
void FaultStream::open(pid_t program, const PerfRing& ring) {
  try {
    events_.push_back(std::make_unique<PerfEvents>(
        program, ring,
        PerfLayout{options_.unwind, kernel_mode_, options_.presence, options_.tracepoints}));
  } catch (const std::system_error& refused) {
    const int error = refused.code().value();
    if (error_codes() && (error == EACCES || error == EPERM)) {
      options_.tracepoints = {};
    } else if (kernel_mode_ && (error == EACCES || error == EPERM)) {
      kernel_mode_ = false;
    } else if (options_.presence && error == EINVAL) {
      options_.presence = false;
    } else {
      throw;
    }
    open(program, ring);
  }
}

void FaultStream::drain_until_stopped() {
  std::vector<pollfd> waiting{{stop_.get(), POLLIN, 0}};
  for (const auto& ring : rings_) waiting.push_back({ring->fd(), POLLIN, 0});
  while ((waiting.front().revents & POLLIN) == 0) {
    constexpr int kMilliseconds = 20;
    poll(waiting.data(), waiting.size(), kMilliseconds);
    for (const auto& ring : rings_) ring->drain();
  }
}

void FaultStream::end() {
  const std::uint64_t one = 1;
  if (!drainer_.joinable() || write(stop_.get(), &one, sizeof one) != sizeof one) return;
  drainer_.join();
  for (const auto& ring : rings_) taken_.push_back(ring->take());
  for (const auto& events : events_) events->close();
}

std::size_t FaultStream::bytes() const noexcept {
  std::size_t sum = 0;
  for (const TakenBytes& taken : taken_) sum += taken.all().size();
  return sum;
}

std::vector<StreamEvent> FaultStream::events() {
  std::vector<StreamEvent> events;
  for (std::size_t i = 0; i < taken_.size(); ++i)
    lost_ += events_[i]->read(taken_[i].all(), events);
  const auto earlier = [](const StreamEvent& a, const StreamEvent& b) { return a.time < b.time; };
  if (!std::is_sorted(events.begin(), events.end(), earlier)) {  // of one processor they mostly are
    std::stable_sort(events.begin(), events.end(), earlier);
  }
  return events;
}

}  // namespace tools::compare
