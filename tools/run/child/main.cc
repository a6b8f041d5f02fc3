// faultline-child: runs a program for real. Started by the kernel runner with the number of the
// descriptor both share; allocates nothing of its own.
#include <unistd.h>
#include <csignal>
#include <cstdlib>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <ctime>

#include "tools/measure/raw_syscall.h"
#include "tools/measure/warm_frames.h"
#include "tools/run/child/guard.h"
#include "tools/run/child/heap.h"
#include "tools/run/child/observer.h"
#include "tools/run/child/reclaim.h"
#include "tools/run/child/touch.h"
#include "tools/run/child/turns.h"
#include "tools/run/child/verbs.h"

namespace tools::run::child {

constinit Shared shared;

void refuse(std::uint64_t index, const char* sentence) noexcept {
  Header& header = *shared.header;
  header.refused_op = index;
  for (std::size_t i = 0; i + 1 < sizeof header.refusal && sentence[i] != '\0'; ++i)
    header.refusal[i] = sentence[i];
  header.stage.store(Stage::Refused);
  measure::raw_syscall(SYS_kill, 0, SIGKILL);  // the whole group: nobody's turn comes any more
  measure::raw_syscall(SYS_exit_group, 3);
  __builtin_unreachable();
}

void bind_result(Call& call, std::uint64_t length) noexcept {
  if (call.op->result == script::kNone) return;
  call.task->names()[call.op->result] = {call.address, length};
}

VerbSteps steps_of(script::Verb verb) noexcept {
  using script::Verb;
  if (verb <= Verb::Mallopt) return allocator_verb(verb);
  if (verb <= Verb::Brk) return space_verb(verb);
  if (verb <= Verb::NumaScan) return file_verb(verb);
  return access_verb(verb);
}

void settle_in(Task& task, std::uint32_t index) noexcept {
  task.index = index;
  if (task.slot().is_thread == 0) {
    measure::raw_syscall(SYS_prctl, PR_SET_PTRACER, static_cast<long>(PR_SET_PTRACER_ANY));
    task.slot().pid.store(static_cast<std::int32_t>(measure::raw_syscall(SYS_getpid)));
  }
  install_signal_stack(task);
  open_instruments(task);
  touch_all(task);
  task.slot().resident_at_start = task.status.resident();
  task.events.skip();
  rusage scratch;
  task.own = measure::thread_faults(scratch);
}

namespace {

template <class T>
T* at_offset(Header* header, std::uint64_t offset) {
  return measure::at_address<T>(reinterpret_cast<std::uint64_t>(header) + offset);
}

bool map_shared(int fd) {
  struct stat status {};
  if (fstat(fd, &status) != 0) return false;
  void* const at =
      mmap(measure::at_address<void>(kSharedAt), static_cast<std::size_t>(status.st_size),
           PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE | MAP_POPULATE, fd, 0);
  if (at == MAP_FAILED) return false;
  auto* const header = static_cast<Header*>(at);
  if (header->magic != kMagic) return false;
  shared.header = header;
  shared.ops = at_offset<const script::Op>(header, header->ops_at);
  shared.results = at_offset<OpResult>(header, header->results_at);
  shared.tasks = at_offset<TaskSlot>(header, header->tasks_at);
  shared.names = at_offset<Block>(header, header->names_at);
  shared.files = at_offset<const std::int32_t>(header, header->files_at);
  shared.probes = at_offset<const PageProbe>(header, header->probes_at);
  shared.settings = at_offset<const Setting>(header, header->settings_at);
  return true;
}

/// The break starts on a page of its own: one forbidden page before it keeps the heap's mapping
/// from being merged with the program's data.
void separate_heap() {
  const auto now = reinterpret_cast<std::uint64_t>(sbrk(0));
  const std::uint64_t aligned = (now + kPage - 1) & ~(kPage - 1);
  sbrk(static_cast<std::intptr_t>(aligned - now + kPage));
  mprotect(measure::at_address<void>(aligned), kPage, PROT_NONE);
  shared.header->heap_base = aligned + kPage;
}

/// Allocators ask for the time; the kernel's page that answers is shown once.
void use_clock() {
  timespec now{};
  for (const clockid_t id : {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_MONOTONIC_COARSE})
    clock_gettime(id, &now);
}

void prepare(Task& task) {
  Header& header = *shared.header;
  join_memory_group();
  if (header.library[0] != '\0' && !served_by_library())
    refuse(0, "the library was loaded, but malloc does not come from it");
  // Threads need the C library's own heap: it takes its piece of the break before the script.
  if (header.warm_libc != 0) free(malloc(1));
  static_cast<void>(heap());
  install_handlers();
  use_clock();
  separate_heap();
  learn_layout();
  header.globals_base = allocator_globals().begin;
  settle_in(task, 0);
  learn_zero_page(task);
  if (header.time_accesses != 0) measure::take_warm_frames();
  header.stack_base = mapping_named("[stack]").begin;
  header.text_base = program_text().begin;
  if (header.lock_own != 0) lock_own_pages();
  touch_all(task);
  rusage scratch;
  task.own = measure::thread_faults(scratch);
}

int run(int fd) {
  static Task task;
  if (!map_shared(fd)) return 2;
  prepare(task);
  Header& header = *shared.header;
  header.stage.store(Stage::Ready);
  task.slot().state.store(TaskState::Running);
  header.started_ns = measure::monotonic_ns();
  take_turns(task, 0);
  leave(task);
}

}  // namespace
}  // namespace tools::run::child

int main(int count, char** arguments) {
  return count == 2 ? tools::run::child::run(atoi(arguments[1])) : 2;
}
