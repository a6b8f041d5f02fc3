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
#include <optional>
#include <utility>

#include "tools/measure/maps.h"

namespace tools::compare {
namespace {

using Range = std::pair<std::uint64_t, std::uint64_t>;  // [start, end)

std::uint64_t now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 +
         static_cast<std::uint64_t>(time.tv_nsec);
}

/// The areas of a process, in the order of their addresses.
std::vector<Range> areas_of(std::int32_t task) {
  std::vector<Range> ranges;
  for (const measure::MappedArea& area : measure::read_maps(task))
    ranges.emplace_back(area.begin.raw(), area.end.raw());
  return ranges;
}

/// How many bytes from `start` on are mapped, at most to `end`.
std::uint64_t mapped_from(const std::vector<Range>& areas, std::uint64_t start, std::uint64_t end) {
  std::uint64_t at = start;
  for (const auto& [low, high] : areas) {
    if (low <= at && at < high) at = high;
  }
  return std::min(at, end) - start;
}

/// The only area of `length` bytes that is in `after` and was not in `before`.
std::optional<Range> new_area(const std::vector<Range>& before, const std::vector<Range>& after,
                              std::uint64_t length) {
  std::optional<Range> found;
  for (const Range& area : after) {
    const bool known = std::binary_search(before.begin(), before.end(), area);
    if (known || area.second - area.first != length) continue;
    if (found) return std::nullopt;
    found = area;
  }
  return found;
}

/// mremap that may move: only afterwards can be seen where to, in the process's areas. What it
/// returned is told to ptrace, which would stop the program twice a call, and to root's
/// tracepoints, which would let root see what others do not. So where another thread mapped as many
/// bytes meanwhile, or the memory became one area with its neighbours, the place is not known, and
/// the memory is left where it lay.
struct Moving {
  explicit Moving(const StreamCall& call)
      : old{call.arguments[0]}, old_length{call.arguments[1]}, length{call.arguments[2]} {}
  std::uint64_t old, old_length, length;

  /// Where the memory lies now; none: it cannot be told, or not yet.
  [[nodiscard]] std::optional<std::uint64_t> found(const std::vector<Range>& before,
                                                   const std::vector<Range>& after) const {
    const bool had_room = mapped_from(before, old, old + length) < length;
    if (had_room && mapped_from(after, old, old + length) == length) return old;
    const auto area = new_area(before, after, length);
    return area ? std::optional{area->first} : std::nullopt;
  }
};

/// Where mremap is told to leave the memory; none: the kernel looks for a place.
std::optional<std::uint64_t> told_place(const StreamCall& call) {
  const auto& [old, old_length, length, flags, target, unused] = call.arguments;
  if ((flags & MREMAP_FIXED) != 0) return target;
  return length <= old_length && (flags & MREMAP_DONTUNMAP) == 0 ? std::optional{old}
                                                                 : std::nullopt;
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

void SyscallTrace::add_present(pid_t process) {
  const auto pages = present_pages(process);
  if (!pages) present_.reset();
  for (std::size_t i = 0; present_ && i < pages->size(); ++i) (*present_)[i] += (*pages)[i];
}

void SyscallTrace::answer_one() {
  seccomp_notif asked{};
  if (ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_RECV, &asked) != 0) return;  // it was killed
  StreamCall call;
  call.tid = static_cast<std::int32_t>(asked.pid);
  call.number = asked.data.nr;
  std::copy_n(asked.data.args, call.arguments.size(), call.arguments.begin());
  if (call.number == SYS_clone3) fetch_clone_arguments(call);
  if (call.number == SYS_exit_group) add_present(call.tid);
  if (call.number == SYS_mremap) call.result = told_place(call);
  const bool moves = call.number == SYS_mremap && !call.result;
  const std::vector<Range> before = moves ? areas_of(call.tid) : std::vector<Range>{};
  const std::uint64_t time = now();
  seccomp_notif_resp answer{asked.id, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE};
  ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_SEND, &answer);
  constexpr int kLooks = 100;
  for (int i = 0; moves && !call.result && i < kLooks; ++i) {
    if (i != 0) usleep(50);
    call.result = Moving{call}.found(before, areas_of(call.tid));
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
