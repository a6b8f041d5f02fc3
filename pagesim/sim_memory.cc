// SimMemory: the C library's part: sbrk, errno, locks, the end.
#include "pagesim/sim_memory.h"

#include <sys/mman.h>

#include <cerrno>
#include <numeric>
#include <string>

#include "pagesim/process.h"
#include "pagesim/uapi.h"

namespace pagesim {

namespace {

constexpr std::uint32_t kUnlocked = 0;
constexpr std::uint32_t kLocked = 1;

/// What the C library makes of a system call's answer: errno, and null for a refused address.
VirtAddr answer(Task& task, const SysResult<VirtAddr>& result) {
  if (result) return *result;
  task.set_error(result.error());
  return VirtAddr{};
}

bool answer(Task& task, const SysResult<Done>& result) {
  if (!result) task.set_error(result.error());
  return result.has_value();
}

std::size_t huge_page_size(const Task& task) {
  return std::size_t{1} << task.machine().config().geometry.shift(1);
}

}  // namespace

std::size_t SimMemory::page_size() const noexcept {
  return task_->machine().config().geometry.page_size();
}
VirtAddr SimMemory::globals() const noexcept { return task_->process().layout().globals; }

VirtAddr SimMemory::sbrk(std::ptrdiff_t delta) const {
  Process& process = task_->process();
  if (!process.remembered_break) process.remembered_break = *task_->brk(VirtAddr{});
  const VirtAddr old = *process.remembered_break;
  if (delta == 0) return old;
  const VirtAddr wanted = old + static_cast<std::size_t>(delta);
  const bool wraps = delta > 0 ? wanted < old : wanted > old;
  if (!wraps) process.remembered_break = *task_->brk(wanted);
  if (!wraps && *process.remembered_break >= wanted) return old;
  task_->set_error(ENOMEM);
  return VirtAddr{};
}

VirtAddr SimMemory::mmap(VirtAddr hint, std::size_t n, int prot, int flags) const {
  return answer(*task_, task_->mmap(hint, n, prot, flags));
}
bool SimMemory::munmap(VirtAddr at, std::size_t n) const {
  return answer(*task_, task_->munmap(at, n));
}
VirtAddr SimMemory::mremap(VirtAddr at, std::size_t old_size, std::size_t new_size) const {
  return answer(*task_, task_->mremap(at, old_size, new_size, kMremapMaymove));
}
bool SimMemory::mprotect(VirtAddr at, std::size_t n, int prot) const {
  return answer(*task_, task_->mprotect(at, n, prot));
}
bool SimMemory::madvise(VirtAddr at, std::size_t n, int advice) const {
  return answer(*task_, task_->madvise(at, n, advice));
}
std::size_t SimMemory::mincore(VirtAddr at, std::size_t n) const {
  const auto core = task_->mincore(at, n);
  return core ? std::accumulate(core->begin(), core->end(), std::size_t{0}) * page_size() : 0;
}

std::uint64_t SimMemory::random() const { return task_->process().random(); }
unsigned SimMemory::online_cpus() const noexcept { return task_->machine().config().online_cpus; }
bool SimMemory::overcommit_never() const noexcept {
  return task_->machine().profile().overcommit_memory == 2;
}
std::size_t SimMemory::thp_size() const noexcept {
  const bool on_advice = task_->machine().profile().thp_enabled == kernel::ThpMode::Madvise;
  return on_advice ? huge_page_size(*task_) : 0;
}

std::size_t SimMemory::hugetlb_size(std::size_t n) const noexcept {
  const std::size_t size = huge_page_size(*task_);
  return n == 0 || n == size ? size : 0;
}

std::string_view SimMemory::environment(const char* name) const noexcept {
  const std::string_view wanted{name};
  for (const std::string_view variable : task_->process().layout().environment)
    if (variable.starts_with(wanted) && variable.substr(wanted.size()).starts_with('='))
      return variable.substr(wanted.size() + 1);
  return {};
}

bool SimMemory::single_threaded() const noexcept { return !task_->process().was_threaded; }

void SimMemory::lock(VirtAddr word) const {
  if (!try_lock(word))
    throw ProgramAborted{"deadlock: a lock is taken that no other task can release"};
}

bool SimMemory::try_lock(VirtAddr word) const {
  task_->update(word, sizeof kLocked);  // a locked instruction asks for write permission at once
  const auto held = load<std::uint32_t>(word);
  if (held != kUnlocked) return false;
  store<std::uint32_t>(word, kLocked);
  return true;
}

void SimMemory::unlock(VirtAddr word) const { store<std::uint32_t>(word, kUnlocked); }

void SimMemory::die(const char* message) const { throw ProgramAborted{message}; }

}  // namespace pagesim
