// seccomp's user notifications, each answered with "go on".
#include "tools/compare/syscall_trace.h"

#include <linux/seccomp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <fstream>
#include <optional>
#include <string>
#include <utility>

namespace tools::compare {
namespace {

using Range = std::pair<std::uint64_t, std::uint64_t>;  // [start, end)

std::uint64_t now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(time.tv_nsec);
}

/// What a process has mapped.
std::vector<Range> mapped_ranges(std::int32_t task) {
  std::vector<Range> ranges;
  std::ifstream maps{"/proc/" + std::to_string(task) + "/maps"};
  for (std::string line; std::getline(maps, line);) {
    std::size_t dash = 0;
    const std::uint64_t start = std::stoull(line, &dash, 16);
    const std::uint64_t end = std::stoull(line.substr(dash + 1), nullptr, 16);
    if (!ranges.empty() && ranges.back().second == start) {
      ranges.back().second = end;
    } else {
      ranges.emplace_back(start, end);
    }
  }
  return ranges;
}

/// The parts of `after` that are not in `before`.
std::vector<Range> added(const std::vector<Range>& before, const std::vector<Range>& after) {
  std::vector<Range> parts;
  for (auto [start, end] : after) {
    for (const auto& [low, high] : before) {
      if (high <= start || end <= low) continue;
      if (start < low) parts.emplace_back(start, low);
      start = std::min(high, end);
    }
    if (start < end) parts.emplace_back(start, end);
  }
  return parts;
}

/// mremap that may move what grows: only afterwards can be seen where to.
struct Growing {
  explicit Growing(const StreamCall& call)
      : old{call.arguments[0]}, old_length{call.arguments[1]}, length{call.arguments[2]} {}
  std::uint64_t old, old_length, length;

  /// Where the memory lies now; none: it cannot be told.
  [[nodiscard]] std::optional<std::uint64_t> found(const std::vector<Range>& parts) const {
    if (parts.size() != 1) return std::nullopt;
    const auto [start, end] = parts.front();
    const bool in_place = start == old + old_length && end == old + length;
    if (in_place) return old;
    return end - start == length ? std::optional{start} : std::nullopt;
  }
};

bool may_move(const StreamCall& call) {
  const bool fixed = (call.arguments[3] & MREMAP_FIXED) != 0;
  return call.number == SYS_mremap && !fixed && call.arguments[2] > call.arguments[1];
}

/// What clone3 is given stands in memory; here it takes the places of clone's arguments.
void fetch_clone_arguments(StreamCall& call) {
  std::array<std::uint64_t, 3> given{};  // flags, pidfd, child_tid
  const iovec to{given.data(), sizeof given};
  // NOLINTNEXTLINE(performance-no-int-to-ptr): an address of the caller's
  const iovec from{reinterpret_cast<void*>(call.arguments[0]), sizeof given};
  const bool read = process_vm_readv(call.tid, &to, 1, &from, 1, 0) == sizeof given;
  if (!read) given = {};
  call.arguments[0] = given[0];
  call.arguments[3] = given[2];
}

}  // namespace

SyscallTrace::SyscallTrace(run::OwnedFd listener)
    : listener_{std::move(listener)}, stop_{eventfd(0, EFD_CLOEXEC)} {
#ifdef SECCOMP_IOCTL_NOTIF_SET_FLAGS
  ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
#endif
  answerer_ = std::thread{[this] { answer_until_stopped(); }};
}

SyscallTrace::~SyscallTrace() { stop(); }

void SyscallTrace::answer_until_stopped() {
  for (;;) {
    pollfd ready[] = {{listener_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
    if (poll(ready, 2, -1) < 0 && errno != EINTR) return;
    if ((ready[0].revents & POLLIN) != 0) answer_one();
    const bool over = (ready[0].revents & (POLLHUP | POLLERR)) != 0;  // no task is left
    if (over || (ready[1].revents & POLLIN) != 0) return;
  }
}

void SyscallTrace::answer_one() {
  seccomp_notif asked{};
  if (ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_RECV, &asked) != 0) return;  // it was killed
  StreamCall call;
  call.tid = static_cast<std::int32_t>(asked.pid);
  call.number = asked.data.nr;
  std::copy_n(asked.data.args, call.arguments.size(), call.arguments.begin());
  if (call.number == SYS_clone3) fetch_clone_arguments(call);
  const bool moves = may_move(call);
  const std::vector<Range> before = moves ? mapped_ranges(call.tid) : std::vector<Range>{};
  const std::uint64_t time = now();
  seccomp_notif_resp answer{asked.id, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE};
  ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_SEND, &answer);
  constexpr int kLooks = 100;
  for (int i = 0; moves && i < kLooks; ++i) {
    const std::vector<Range> parts = added(before, mapped_ranges(call.tid));
    call.result = Growing{call}.found(parts);
    if (!parts.empty()) break;
    usleep(50);
  }
  calls_.push_back({time, call});
}

void SyscallTrace::stop() {
  const std::uint64_t one = 1;
  if (answerer_.joinable() && write(stop_.get(), &one, sizeof one) == sizeof one) answerer_.join();
}

std::vector<StreamEvent> SyscallTrace::take() {
  stop();
  listener_.reset();
  return std::move(calls_);
}

}  // namespace tools::compare
