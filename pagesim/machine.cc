// Machine: making processes and threads, and ending them.
#include "pagesim/machine.h"

#include <sys/mman.h>

#include <stdexcept>

#include "pagesim/check.h"
#include "pagesim/kernel/fork.h"
#include "pagesim/kernel/kernel.h"
#include "pagesim/kernel/ksm.h"
#include "pagesim/kernel/mem_cgroup.h"
#include "pagesim/kernel/syscalls.h"
#include "pagesim/process.h"

namespace pagesim {

namespace {

/// Maps one region of a new process.
void map_region(Process& process, VirtAddr at, std::size_t bytes, int prot, int flags,
                std::shared_ptr<kernel::File> file = nullptr) {
  if (bytes == 0) return;
  if (!file) flags |= MAP_ANONYMOUS;
  const kernel::MmapRequest request{
      at, bytes, prot, MAP_PRIVATE | MAP_FIXED_NOREPLACE | flags, std::move(file), 0};
  if (!kernel::sys_mmap(process.mm(), kernel::Current{}, request))
    throw std::invalid_argument{"the layout's regions overlap or lie outside the address space"};
}

}  // namespace

Machine::Machine(const MachineConfig& config, const Profile& profile)
    : config_{config},
      tlb_{config.tlb, config.geometry},
      memory_{std::make_unique<hardware::PhysicalMemory>(config.geometry, config.memory_bytes)},
      kernel_{std::make_unique<kernel::Kernel>(profile, config, *memory_, ledger_)} {
  (void)limit_memory();
}

Machine::~Machine() = default;

int Machine::limit_memory() { return kernel::set_memory_limit(*kernel_, profile().memory_limit); }

void Machine::ksm_scan() { kernel::ksm_scan(*kernel_); }

Profile& Machine::profile() noexcept { return kernel_->profile; }

Process& Machine::add_process(const Layout& layout) {
  const auto index = static_cast<std::uint32_t>(processes_.size());
  processes_.push_back(std::make_unique<Process>(*kernel_, config_, tlb_, flushes_, layout, index));
  return *processes_.back();
}

Task& Machine::add_task(Process& process, std::uint32_t thread, VirtAddr thread_locals) {
  tasks_.push_back(std::make_unique<Task>(*this, process, thread, thread_locals));
  return *tasks_.back();
}

Task& Machine::boot(const Layout& layout) {
  Process& process = add_process(layout);
  const int rw = PROT_READ | PROT_WRITE;
  map_region(process, layout.text, layout.text_bytes, PROT_READ | PROT_EXEC, 0,
             create_file("program", layout.text_bytes));
  map_region(process, layout.globals, layout.globals_bytes, rw, 0);
  map_region(process, layout.thread_locals, layout.thread_bytes, rw, 0);
  map_region(process, process.stack_base, layout.stack_bytes, rw, MAP_GROWSDOWN);
  return add_task(process, 0, layout.thread_locals);
}

Task& Machine::fork(Task& parent) {
  check(!parent.exited(), "a task that forks is alive");
  Process& from = parent.process();
  Process& child = add_process(from.layout());
  child.stack_base = from.stack_base;
  child.remembered_break = from.remembered_break;
  child.thread_areas = from.thread_areas;
  child.was_threaded = from.was_threaded;
  if (!kernel::dup_mm(from.mm(), child.mm())) throw OutOfMemoryKill{};
  Task& task = add_task(child, 0, parent.thread_locals());
  task.set_error(parent.error());
  return task;
}

Task& Machine::clone_thread(Task& caller) {
  Process& process = caller.process();
  const Layout& layout = process.layout();
  const std::uint32_t thread = process.threads_made++;
  ++process.threads_alive;
  process.was_threaded = true;
  const VirtAddr locals = layout.thread_locals + process.thread_areas++ * layout.thread_bytes;
  map_region(process, locals, layout.thread_bytes, PROT_READ | PROT_WRITE, 0);
  return add_task(process, thread, locals);
}

void Machine::exit(Task& task) {
  if (task.exited_) return;
  task.exited_ = true;
  if (--task.process().threads_alive == 0) task.process().exit_mm();
}

void Machine::exit_group(Task& task) {
  for (const auto& each : tasks_)
    if (&each->process() == &task.process()) exit(*each);
}

}  // namespace pagesim
