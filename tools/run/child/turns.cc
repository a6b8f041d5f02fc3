// Taking turns, and measuring the operation whose turn it is.
#include "tools/run/child/turns.h"

#include <csignal>
#include <ctime>

#include <sys/mman.h>

#include "tools/measure/raw_syscall.h"
#include "tools/run/child/guard.h"
#include "tools/run/child/observer.h"
#include "tools/run/child/resolve.h"
#include "tools/run/child/touch.h"
#include "tools/run/child/verbs.h"

namespace tools::run::child {
namespace {

using measure::arg;
using measure::FaultCount;
using measure::raw_syscall;
using script::Op;
using script::Verb;

constexpr std::int64_t kMajorRestNs = 20'000'000;
constexpr std::int64_t kPatienceNs = 1'000'000;
constexpr int kWaitsBetweenChecks = 256;

bool not_measured(Verb verb) {
  return verb == Verb::Fork || verb == Verb::Exit || verb == Verb::Thread || verb == Verb::Join;
}

void run_untimed(Call& call) {
  if (call.op->verb == Verb::Fork || call.op->verb == Verb::Thread) return start_task(call);
  end_task(call);
}

/// A signal ends the process as it does without a handler, unless the run goes on regardless.
void answer_signal(Call& call) {
  log_signal(call, last_signal());
  if (shared.header->keep_going != 0 && last_signal().number != SIGABRT) return;
  call.task->slot().exit_wanted.store(1);
}

void file_counts(Call& call, const FaultCount& before, const FaultCount& after) {
  OpResult& result = shared.results[call.index];
  result.minor = static_cast<std::uint32_t>(after.minor - before.minor) + call.extra_minor;
  result.major = static_cast<std::uint32_t>(after.major - before.major) + call.extra_major;
  call.task->slot().minor += result.minor;
  call.task->slot().major += result.major;
  if (result.major > 0 && shared.header->settle != 0 && shared.header->rest_after_major != 0)
    measure::rest(kMajorRestNs);
}

/// Pages wait in batches of their processor before they get to the LRU lists, each with a reference
/// more, and who has such a page alone copies what it would take over (spec/linux-faults section
/// 7). All tasks share one processor; MADV_COLD empties its batches first, whatever the pages.
void drain_lru_batches() {
  alignas(measure::kPage) static unsigned char untouched[measure::kPage];
  raw_syscall(SYS_madvise, arg(untouched), sizeof untouched, MADV_COLD);
}

/// Around the act nothing but system calls; everything else comes before or after.
void measure_act(Call& call, Act act) {
  static rusage scratch;
  const bool with_rss = shared.header->with_rss != 0;
  look_before(call);
  const pagesim::Rss rss_before = with_rss ? call.task->status.rss() : pagesim::Rss{};
  call.task->events.skip();
  OpResult& result = shared.results[call.index];
  result.started_ns = measure::monotonic_ns();
  const FaultCount before = measure::thread_faults(scratch);
  const bool finished = guarded(act, call);
  const FaultCount after = measure::thread_faults(scratch);
  result.ended_ns = measure::monotonic_ns();
  if (with_rss) log_rss(call, call.task->status.rss() - rss_before);
  if (call.task->events.has_events()) log_faults(call);
  if (!finished) answer_signal(call);
  file_counts(call, before, after);
}

/// The processor's time, which others on this machine do not lengthen; of the clock on the wall
/// where the disk was waited for.
struct Spent {
  std::int64_t cpu = 0;
  std::int64_t wall = 0;
};

bool spend(Act act, Call& call, Spent& spent) {
  const std::uint64_t wall = measure::monotonic_ns();
  const std::uint64_t cpu = measure::clock_ns(CLOCK_THREAD_CPUTIME_ID);
  const bool finished = guarded(act, call);
  spent.cpu = static_cast<std::int64_t>(measure::clock_ns(CLOCK_THREAD_CPUTIME_ID) - cpu);
  spent.wall = static_cast<std::int64_t>(measure::monotonic_ns() - wall);
  return finished;
}

bool can_be_repeated(Verb verb) {
  return (verb >= Verb::Read && verb <= Verb::CasFail) || verb == Verb::Copy || verb == Verb::Fill;
}

/// An access runs a second time, with every page there: what is less then were its faults. Nobody
/// else looks on meanwhile.
void time_act(Call& call, Act act) {
  static rusage scratch;
  Spent first;
  Spent again;
  const FaultCount before = measure::thread_faults(scratch);
  const bool finished = spend(act, call, first);
  const FaultCount after = measure::thread_faults(scratch);
  if (!finished) {
    answer_signal(call);
  } else if (can_be_repeated(call.op->verb) && spend(act, call, again)) {
    const FaultCount at_end = measure::thread_faults(scratch);
    const bool waited = after.major != before.major;
    if (at_end.minor == after.minor && at_end.major == after.major)
      shared.results[call.index].fault_ns =
          waited ? first.wall - again.wall : first.cpu - again.cpu;
  }
  file_counts(call, before, after);
}

void run_op(Task& task, std::uint64_t index) {
  touch_after_forks(task);
  const Header& header = *shared.header;
  if (header.measure_each != 0 || header.time_accesses != 0) drain_lru_batches();
  Call call;
  call.op = &shared.ops[index];
  call.task = &task;
  call.index = index;
  resolve(call);
  if (not_measured(call.op->verb)) {
    run_untimed(call);
  } else {
    const VerbSteps steps = steps_of(call.op->verb);
    if (steps.prepare != nullptr) steps.prepare(call);
    if (shared.header->time_accesses != 0)
      time_act(call, steps.act);
    else if (shared.header->measure_each != 0)
      measure_act(call, steps.act);
    else if (!guarded(steps.act, call))
      answer_signal(call);
    if (steps.finish != nullptr) steps.finish(call);
  }
  OpResult& result = shared.results[index];
  result.address = call.address;
  result.returned = call.returned;
  result.error = call.error;
  result.ran = 1;
  if (shared.header->probe_count != 0) answer_probes(call);
}

/// The measured child must not outlive the runner.
void check_runner() {
  if (raw_syscall(SYS_kill, shared.header->runner_pid, 0) < 0) raw_syscall(SYS_exit_group, 1);
}

bool is_gone(const TaskSlot& slot) {
  return shared.tasks[slot.process].state.load() == TaskState::Ended ||
         slot.state.load() == TaskState::Ended;
}

/// An operation of a task that is gone is passed over by whoever waits, and whom it would have
/// started never lives. Not before the pages it shared are given back: who owns a page alone takes
/// it over, who still shares it copies.
void pass_over(std::uint64_t next) {
  if (next >= shared.header->op_count) return;
  const Op& op = shared.ops[next];
  const TaskSlot& slot = shared.tasks[op.process];
  if (!is_gone(slot)) return;
  const bool whole_process = shared.tasks[slot.process].state.load() == TaskState::Ended;
  if (whole_process && !memory_gone(slot.pid.load())) return;
  if (op.verb == Verb::Fork || op.verb == Verb::Thread)
    shared.tasks[op.peer].state.store(TaskState::Ended);
  shared.header->next.compare_exchange_strong(next, next + 1);
}

void wait_for_turn(std::uint64_t index, const Task& task) {
  Header& header = *shared.header;
  for (int waits = 1;; ++waits) {
    const std::uint64_t next = header.next.load(std::memory_order_acquire);
    if (next >= index || task.slot().exit_wanted.load() != 0) return;
    pass_over(next);
    // The lower half of the number is the word others wake.
    if (header.next.load() == next) wait_while(&header.next, static_cast<std::uint32_t>(next));
    if (waits % kWaitsBetweenChecks == 0) check_runner();
  }
}

/// The turn is somebody else's.
void pass_turn(std::uint64_t next) {
  Header& header = *shared.header;
  header.next.store(next, std::memory_order_release);
  if (header.task_count > 1) wake_waiters(&header.next);
}

constexpr int kFutexWait = 0;
constexpr int kFutexWake = 1;

}  // namespace

void touch_after_forks(Task& task) noexcept {
  const std::uint32_t forks = shared.tasks[task.slot().process].forks.load();
  if (forks == task.forks_seen) return;
  static rusage scratch;
  const FaultCount before = measure::thread_faults(scratch);
  touch_all(task);
  task.forks_seen = forks;
  const FaultCount after = measure::thread_faults(scratch);
  task.own.minor += after.minor - before.minor;
  task.own.major += after.major - before.major;
}

void wait_while(const void* word, std::uint32_t value) noexcept {
  const timespec patience{0, kPatienceNs};
  raw_syscall(SYS_futex, arg(word), kFutexWait, arg(std::uint64_t{value}), arg(&patience), 0, 0);
}

void wake_waiters(const void* word) noexcept {
  raw_syscall(SYS_futex, arg(word), kFutexWake, INT32_MAX, 0, 0, 0);
}

void take_turns(Task& task, std::uint64_t index) noexcept {
  Header& header = *shared.header;
  for (; index < header.op_count; ++index) {
    if (shared.ops[index].process != task.index) continue;
    wait_for_turn(index, task);
    if (task.slot().exit_wanted.load() != 0) return;
    run_op(task, index);
    if (task.slot().exit_wanted.load() != 0) return leave(task);
    pass_turn(index + 1);
  }
  wait_for_turn(header.op_count + header.hold_at_end, task);
}

}  // namespace tools::run::child
