// PeekMemory: where the simulated process keeps what no arena's record says.
#include "tools/heap/peek_memory.h"

#include "pagesim/machine.h"
#include "pagesim/process.h"

namespace tools::heap {

VirtAddr PeekMemory::globals() const noexcept { return task_->process().layout().globals; }

Surroundings PeekMemory::surroundings() const {
  Surroundings around = own_surroundings<allocator::Glibc236>(*this);
  for (const auto& task : task_->machine().tasks()) {
    if (&task->process() != &task_->process() || task->exited()) continue;
    const VirtAddr block{load<std::uint64_t>(task->thread_locals())};
    if (!block.is_null()) around.caches.push_back(block);
  }
  for (const pagesim::MapLine& line : task_->maps()) {
    if (line.shared || !(line.name.empty() || line.name == "[heap]")) continue;
    around.areas.push_back({line.start, line.end});
  }
  return around;
}

}  // namespace tools::heap
