// Processes and threads of the script: starting them, ending them, and vfork.
#include <pthread.h>
#include <sched.h>

#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <sys/prctl.h>

#include "tools/measure/raw_syscall.h"
#include "tools/run/child/guard.h"
#include "tools/run/child/heap.h"
#include "tools/run/child/observer.h"
#include "tools/run/child/resolve.h"
#include "tools/run/child/touch.h"
#include "tools/run/child/turns.h"
#include "tools/run/child/verbs.h"

namespace tools::run::child {
namespace {

using measure::arg;
using measure::raw_syscall;

constexpr std::uint32_t kMaxTasks = 256;
pthread_t threads[kMaxTasks];

/// The third field of a `stat` (proc(5)), the state: behind the name, which is in parentheses.
/// By hand, like the next: functions of the C library would fault in pages of its own.
const char* after_name(const char* stat) {
  const char* state = stat;
  for (const char* at = stat; *at != '\0' && at[1] != '\0'; ++at)
    if (*at == ')') state = at + 2;
  return state;
}

/// Whether the twentieth field, from the third on, is 0 or 1. A leader is a zombie while its
/// threads still die, and the last of them gives the memory back.
bool is_last_thread(const char* state) {
  constexpr int kFieldsBetween = 17;
  for (int i = 0; i < kFieldsBetween && *state != '\0'; ++state)
    if (*state == ' ') ++i;
  return (*state == '0' || *state == '1') && state[1] == ' ';
}

/// Until somebody has got its memory back.
void wait_for_end(std::int32_t pid) {
  const timespec pause{0, 20'000};
  while (!memory_gone(pid)) raw_syscall(SYS_nanosleep, arg(&pause), 0);
}

void come_to_life(TaskSlot& slot) {
  slot.state.store(TaskState::Running);
  wake_waiters(&slot.state);
}

void wait_for_life(const TaskSlot& slot) {
  while (slot.state.load() == TaskState::Unborn)
    wait_while(&slot.state, static_cast<std::uint32_t>(TaskState::Unborn));
}

void copy_names(std::uint32_t from, std::uint32_t to) {
  const std::size_t count = shared.header->name_count;
  __builtin_memcpy(shared.names + to * count, shared.names + from * count, count * sizeof(Block));
}

[[noreturn]] void live_as_child(Task& task, const Call& call) {
  const std::uint32_t index = call.op->peer;
  if (heap().after_fork_in_child != nullptr) heap().after_fork_in_child();
  close_instruments(task);
  settle_in(task, index);
  come_to_life(task.slot());
  take_turns(task, call.index + 1);
  leave(task);
}

/// A raw clone: the C library's fork runs handlers and touches pages of its own, but for the
/// allocator's. Both sides touch theirs again before anything is measured.
void fork_task(Call& call) {
  TaskSlot& slot = shared.tasks[call.op->peer];
  copy_names(call.task->slot().process, call.op->peer);
  pages_shared();
  maps_changed();
  rusage scratch;
  const measure::FaultCount before = measure::thread_faults(scratch);
  if (heap().before_fork != nullptr) heap().before_fork();
  const long pid = raw_syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
  if (pid == 0) live_as_child(*call.task, call);
  if (heap().after_fork_in_parent != nullptr) heap().after_fork_in_parent();
  if (pid < 0) refuse(call.index, "the kernel refused to fork");
  slot.pid.store(static_cast<std::int32_t>(pid));
  wait_for_life(slot);
  shared.tasks[call.task->slot().process].forks.fetch_add(1);
  const measure::FaultCount after = measure::thread_faults(scratch);
  call.task->own.minor += after.minor - before.minor;
  call.task->own.major += after.major - before.major;
  touch_after_forks(*call.task);
}

/// What is left to tell of a task before it goes.
void sum_up(Task& task) {
  rusage scratch;
  const measure::FaultCount all = measure::thread_faults(scratch);
  TaskSlot& slot = task.slot();
  slot.peak_resident = task.status.peak_rss();
  shared.header->lost.fetch_add(task.events.lost());
  if (shared.header->measure_each != 0) return;
  slot.minor = all.minor - task.own.minor;
  slot.major = all.major - task.own.major;
}

/// The task of a thread lies on its own stack.
void* live_as_thread(void* raw) {
  const auto index = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(raw));
  Task task;
  settle_in(task, index);
  const std::uint64_t started_at = shared.header->next.load();
  come_to_life(task.slot());
  take_turns(task, started_at + 1);
  if (heap().thread_exit != nullptr) heap().thread_exit();
  sum_up(task);
  close_instruments(task);
  task.slot().state.store(TaskState::Ended);
  return nullptr;
}

void start_thread(Call& call) {
  const std::uint32_t index = call.op->peer;
  TaskSlot& slot = shared.tasks[index];
  slot.process = call.task->slot().process;
  slot.pid.store(call.task->slot().pid.load());
  void* const argument = measure::at_address<void>(index);
  if (pthread_create(&threads[index], nullptr, live_as_thread, argument) != 0)
    refuse(call.index, "the system refused to start a thread");
  wait_for_life(slot);
  maps_changed();
}

}  // namespace

bool memory_gone(std::int32_t pid) noexcept {
  char text[512];
  proc_path(text, pid, "stat");
  const long fd = raw_syscall(SYS_openat, AT_FDCWD, arg(text), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return true;
  const long got = raw_syscall(SYS_read, fd, arg(text), sizeof text - 1);
  raw_syscall(SYS_close, fd);
  if (got <= 0) return true;
  text[got] = '\0';
  const char* const state = after_name(text);
  return (*state == 'Z' || *state == 'X') && is_last_thread(state);
}

void start_task(Call& call) noexcept {
  if (call.op->verb == script::Verb::Thread) return start_thread(call);
  fork_task(call);
}

void end_task(Call& call) noexcept {
  TaskSlot& slot = shared.tasks[call.op->peer];
  slot.exit_wanted.store(1);
  wake_waiters(&shared.header->next);
  if (slot.is_thread != 0) {
    pthread_join(threads[call.op->peer], nullptr);
    maps_changed();
    return;
  }
  wait_for_end(slot.pid.load());
}

void leave(Task& task) noexcept {
  TaskSlot& process = shared.tasks[task.slot().process];
  sum_up(task);
  if (task.index == 0) shared.header->ended_ns = measure::monotonic_ns();
  process.state.store(TaskState::Ended);
  raw_syscall(SYS_exit_group, 0);
  __builtin_unreachable();
}

namespace {

constexpr std::uint64_t kVforkStack = 64 * 1024;
alignas(64) unsigned char vfork_stack[kVforkStack];

struct VforkWork {
  Call* call;
  void (*act)(Call&);
};

/// Runs in the vfork child, in the parent's memory.
int vfork_body(void* raw) {
  static rusage scratch;
  auto& work = *static_cast<VforkWork*>(raw);
  const auto before = measure::thread_faults(scratch);
  // A guard of its own: a signal must not continue in the parent's frames.
  static_cast<void>(guarded(work.act, *work.call));
  const auto after = measure::thread_faults(scratch);
  work.call->extra_minor = static_cast<std::uint32_t>(after.minor - before.minor);
  work.call->extra_major = static_cast<std::uint32_t>(after.major - before.major);
  raw_syscall(SYS_exit, 0);
  __builtin_unreachable();
}

}  // namespace

void run_in_vfork_child(Call& call, void (*act)(Call&)) noexcept {
  VforkWork work{&call, act};
  unsigned char* const top = vfork_stack + kVforkStack;
  const int pid = clone(vfork_body, top, CLONE_VM | CLONE_VFORK | SIGCHLD, &work);
  call.take(pid < 0 ? -errno : 0);
}

}  // namespace tools::run::child
