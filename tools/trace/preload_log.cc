// The recording library's slow ways: joining the recording, claiming a ring, waiting for room.
#include "tools/trace/preload_log.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace tools::trace::preload {

constinit thread_local ThreadLog thread_log;
constinit ProcessPage process_page{};
constinit bool timed = false;

namespace {

using wire::Area;
using wire::Segment;
using wire::Slot;
using wire::SlotState;

constexpr int kPopulateWrite = 23;  // MADV_POPULATE_WRITE, Linux 5.14

// Ordinary memory: a forked child goes on from its parent's.
constinit Area* g_mapped = nullptr;
constinit bool g_disabled = false;
constinit bool g_has_key = false;
constinit pthread_key_t g_key = 0;
constinit std::uint32_t g_process = wire::kNone;
constinit std::atomic<std::uint32_t> g_threads{0};

std::size_t read_file(const char* path, char* to, std::size_t bytes) noexcept {
  const long fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  std::size_t got = 0;
  while (got < bytes) {
    const long more = syscall(SYS_read, fd, to + got, bytes - got);
    if (more <= 0) break;
    got += static_cast<std::size_t>(more);
  }
  syscall(SYS_close, fd);
  return got;
}

/// The area's path: an allocator call may come before the C library has looked at the environment.
const char* area_path() noexcept {
  constexpr std::size_t kName = sizeof(wire::kAreaVariable) - 1;
  if (environ != nullptr) {
    for (char** entry = environ; *entry != nullptr; ++entry) {
      if (strncmp(*entry, wire::kAreaVariable, kName) == 0 && (*entry)[kName] == '=') {
        return *entry + kName + 1;
      }
    }
  }
  return nullptr;
}

Area* map_area() noexcept {
  const char* path = area_path();
  if (path == nullptr) return nullptr;
  const long fd = syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return nullptr;
  const long at = syscall(SYS_mmap, nullptr, sizeof(Area), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_NORESERVE, fd, 0L);
  syscall(SYS_close, fd);
  if (at == -1) return nullptr;
  // The kernel's answer is a number; there is no other way to the memory it made.
  auto* area = reinterpret_cast<Area*>(at);  // NOLINT(performance-no-int-to-ptr): see above
  return area->header.magic == wire::kMagic ? area : nullptr;
}

/// Writes this process into the table of processes.
bool register_process(Area* area) noexcept {
  const std::uint32_t index = area->header.process_count.fetch_add(1);
  if (index >= wire::kProcesses) return false;
  wire::ProcessEntry& entry = area->processes[index];
  entry.pid = static_cast<std::int32_t>(syscall(SYS_getpid));
  entry.parent_pid = static_cast<std::int32_t>(syscall(SYS_getppid));
  entry.forked_from = g_process;
  entry.token = thread_log.fork_token;
  entry.heap_base = static_cast<std::uint64_t>(syscall(SYS_brk, 0L));
  entry.joined = now();
  entry.command_bytes = static_cast<std::uint32_t>(
      read_file("/proc/self/cmdline", entry.command, sizeof(entry.command)));
  g_process = index;
  g_threads.store(0, std::memory_order_relaxed);
  entry.ready.store(1, std::memory_order_release);
  return true;
}

void close_slot(void* /*slot*/) noexcept {
  ThreadLog& log = thread_log;
  if (log.slot == nullptr || log.process != g_process) return;
  log.slot->state.store(SlotState::Closing, std::memory_order_release);
  log.slot = nullptr;
  log.process = wire::kNone;
  log.at = log.limit = nullptr;
}

void before_fork() noexcept {
  ThreadLog& log = thread_log;
  if (!ready(log)) return;
  log.fork_token = process_page.state.area->header.last_token.fetch_add(1) + 1;
  put_call(log, wire::Call::Fork, log.fork_token, 0, 0);
}

void after_fork_in_parent() noexcept { thread_log.fork_token = 0; }

bool join() noexcept;

void after_fork_in_child() noexcept {
  const int saved = errno;
  process_page.state = {};
  if (!g_disabled) join();
  errno = saved;
}

/// Once in a program's life, before its first call is recorded.
void start() noexcept {
  g_mapped = map_area();
  g_disabled = g_mapped == nullptr;
  if (g_disabled) return;
  timed = g_mapped->header.timed != 0;
  syscall(SYS_madvise, &process_page, sizeof(process_page), MADV_WIPEONFORK);
  pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
  g_has_key = pthread_key_create(&g_key, close_slot) == 0;
}

/// Makes the area this process's own: at its first call, and in a forked child at its birth.
bool join() noexcept {
  ProcessState& state = process_page.state;
  std::atomic_ref<std::uint32_t> joining{state.joining};
  std::atomic_ref<Area*> area{state.area};
  if (joining.exchange(1) == 1) {  // another thread does it
    while (area.load() == nullptr && !g_disabled) syscall(SYS_sched_yield);
    return !g_disabled;
  }
  if (g_mapped == nullptr) start();
  if (!g_disabled) g_disabled = !register_process(g_mapped);
  thread_log = {.busy =
                    thread_log.busy};  // a forked child has its parent's, and must not write there
  if (!g_disabled) area.store(g_mapped);
  return !g_disabled;
}

/// Joins before the program can lose the environment, its files or its rights.
[[gnu::constructor]] void join_at_load() noexcept {
  const int saved = errno;
  if (process_page.state.area == nullptr && !g_disabled) join();
  errno = saved;
}

void wake(std::atomic<std::uint32_t>& sleeper) noexcept {
  if (sleeper.load() == 0 || sleeper.exchange(0) == 0) return;
  syscall(SYS_futex, &sleeper, FUTEX_WAKE, 1, nullptr, nullptr, 0);
}

bool recorder_is_gone(const Area* area) noexcept {
  return area->header.stopped.load() != 0 ||
         (syscall(SYS_kill, area->header.recorder_pid, 0) == -1 && errno == ESRCH);
}

/// A segment nobody used before. The recorder is behind: it is woken.
std::uint32_t fresh_segment(Area* area) noexcept {
  wake(area->header.sleeping);
  if (area->header.fresh.load(std::memory_order_relaxed) >= area->header.segment_limit) {
    return wire::kNone;
  }
  const std::uint32_t index = area->header.fresh.fetch_add(1);
  return index < area->header.segment_limit ? index : wire::kNone;
}

/// Waits for the recorder when the pool is used up. kNone: it is gone.
std::uint32_t take_segment(Area* area) noexcept {
  while (area->header.stopped.load() == 0) {
    const std::uint32_t freed = area->header.freed.load();
    std::uint32_t index = wire::pop_free(*area);
    if (area->header.free_count.load(std::memory_order_relaxed) < wire::kFewSegments) {
      wake(area->header.maker_sleeping);
    }
    if (index == wire::kNone) index = fresh_segment(area);
    if (index != wire::kNone) return index;
    area->header.waiting.store(1);
    const timespec patience{0, 50'000'000};
    syscall(SYS_futex, &area->header.freed, FUTEX_WAIT, freed, &patience, nullptr, 0);
    if (recorder_is_gone(area)) break;
  }
  return wire::kNone;
}

void use_segment(ThreadLog& log, Segment* segment) noexcept {
  // One call instead of a fault for every page; a kernel that does not know it takes the faults.
  syscall(SYS_madvise, segment, sizeof(Segment), kPopulateWrite);
  log.segment = segment;
  log.at = segment->words;
  log.code_shift = kClosed;
  log.limit = nullptr;
}

bool claim(ThreadLog& log, Area* area, std::uint32_t index) noexcept {
  Slot& slot = area->slots[index];
  SlotState free = SlotState::Free;
  if (slot.state.load(std::memory_order_relaxed) != free ||
      !slot.state.compare_exchange_strong(free, SlotState::Claiming)) {
    return false;
  }
  const std::uint32_t segment = take_segment(area);
  if (segment == wire::kNone) {
    slot.state.store(SlotState::Free);
    return false;
  }
  slot.process = g_process;
  slot.thread = g_threads.fetch_add(1, std::memory_order_relaxed);
  slot.first_segment = segment;
  use_segment(log, &area->segments[segment]);
  log.slot = &slot;
  log.last_malloc = 0;
  log.process = g_process;
  std::uint32_t used = area->header.slots_used.load();
  while (used <= index && !area->header.slots_used.compare_exchange_weak(used, index + 1)) {
  }
  slot.state.store(SlotState::Claimed, std::memory_order_release);
  return true;
}

bool claim_any(ThreadLog& log, Area* area) noexcept {
  for (std::uint32_t i = 0; i < wire::kSlots; ++i) {
    if (!claim(log, area, i)) continue;
    if (g_has_key) pthread_setspecific(g_key, log.slot);
    return true;
  }
  area->header.lost_threads.fetch_add(1, std::memory_order_relaxed);
  log.lost = true;
  return false;
}

void note_epoch(ThreadLog& log, std::uint64_t epoch) noexcept {
  log.epoch = epoch;
  put(log, static_cast<std::uint64_t>(wire::Tag::Epoch) | epoch << 4);
}

constexpr std::ptrdiff_t kSpare = wire::kLongestRecord + 2;  // an epoch and a time may come before

/// The limit is reached: goes on to another segment if this one is full, and moves the clock.
bool advance(ThreadLog& log, Area* area) noexcept {
  std::uint64_t* end = log.segment->words + wire::kSegmentWords - kSpare;
  if (log.at >= end) {
    const std::uint32_t next = take_segment(area);
    if (next == wire::kNone) return false;
    log.segment->next.store(next + 1, std::memory_order_release);
    use_segment(log, &area->segments[next]);
    end = log.segment->words + wire::kSegmentWords - kSpare;
  }
  const auto room = static_cast<std::uint64_t>(end - log.at);
  log.limit = log.at + (room < wire::kEpochWords ? room : wire::kEpochWords);
  note_epoch(log, area->header.epoch.fetch_add(1) + 1);
  return true;
}

bool turn_with_area(ThreadLog& log, Area* area) noexcept {
  if ((log.process != g_process || log.slot == nullptr) && !claim_any(log, area)) return false;
  if (log.at >= log.limit) return advance(log, area);
  note_epoch(log, area->header.epoch.load(std::memory_order_relaxed));
  return true;
}

}  // namespace

std::uint64_t now() noexcept {
  constexpr std::uint64_t kSecond = 1'000'000'000;
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * kSecond +
         static_cast<std::uint64_t>(time.tv_nsec);
}

bool turn(ThreadLog& log) noexcept {
  if (log.busy || log.lost || g_disabled) return false;
  log.busy = true;
  const int saved = errno;
  bool recorded = process_page.state.area != nullptr || join();
  if (recorded) {
    recorded = turn_with_area(log, process_page.state.area);
    g_disabled = g_disabled || (!recorded && recorder_is_gone(process_page.state.area));
  }
  errno = saved;
  log.busy = false;
  return recorded;
}

void put_time(ThreadLog& log) noexcept {
  put(log, static_cast<std::uint64_t>(wire::Tag::Time) | now() << 4);
}

void put_call(ThreadLog& log, wire::Call call, std::uint64_t n, std::uint64_t m,
              std::uint64_t result) noexcept {
  std::uint64_t* at = log.at;
  log.at = at + 4;
  log.code_shift = kClosed;
  at[1] = n;
  at[2] = m;
  at[3] = result;
  publish(at, static_cast<std::uint64_t>(wire::Tag::Call) | static_cast<std::uint64_t>(call) << 4);
}

}  // namespace tools::trace::preload
