// The allocator's calls on the simulated machine.
#include <cerrno>

#include "allocator/faultline.h"
#include "allocator/malloc.h"
#include "pagesim/sim_memory.h"
#include "tools/run/sim/run.h"
#include "tools/run/sim/watched_memory.h"

namespace tools::run::sim {
namespace {

using pagesim::VirtAddr;
using script::Op;
using script::Verb;

template <class M>
using Ptmalloc = allocator::Malloc<M, allocator::Glibc236>;

/// Calls act with the allocator over the task's memory.
template <class Act>
void with_malloc(pagesim::Task& task, OwnAllocator allocator, Act act) {
  const pagesim::SimMemory memory{task};
  if (allocator == OwnAllocator::Faultline) return act(::allocator::FaultlineMalloc{memory});
  act(Ptmalloc<pagesim::SimMemory>{memory});
}

void bind(Call& call, VirtAddr block, std::uint64_t bytes) {
  call.result->address = block.raw();
  if (block.is_null() && bytes != 0) call.result->error = call.task.error();
  if (call.op.result != script::kNone) {
    call.space.names[call.op.result] = Block{block.raw(), bytes};
  }
}

template <class Malloc>
void posix_memalign(Call& call, const Malloc& malloc) {
  VirtAddr block;
  const int error = malloc.posix_memalign(block, call.op.m, call.op.n);
  bind(call, error == 0 ? block : VirtAddr{}, call.op.n);
  call.result->error = error;
}

template <class Malloc>
void allocate(Call& call, const Malloc& malloc) {
  const Op& op = call.op;
  switch (op.verb) {
    case Verb::Malloc:
      return bind(call, malloc.malloc(op.n), op.n);
    case Verb::Calloc:
      return bind(call, malloc.calloc(op.m, op.n), op.m * op.n);
    case Verb::Realloc:
      return bind(call, malloc.realloc(call.to, op.n), op.n);
    case Verb::Memalign:
      return bind(call, malloc.memalign(op.m, op.n), op.n);
    case Verb::AlignedAlloc:
      return bind(call, malloc.aligned_alloc(op.m, op.n), op.n);
    case Verb::PosixMemalign:
      return posix_memalign(call, malloc);
    case Verb::Valloc:
      return bind(call, malloc.valloc(op.n), op.n);
    default:
      return bind(call, malloc.pvalloc(op.n), op.n);
  }
}

template <class Malloc>
void run_on(Call& call, const Malloc& malloc) {
  switch (call.op.verb) {
    case Verb::Free:
      return malloc.free(call.to);
    case Verb::MallocTrim:
      call.result->returned = malloc.malloc_trim(call.op.n);
      return;
    case Verb::Mallopt:
      call.result->returned =
          malloc.mallopt(static_cast<int>(call.op.m), static_cast<int>(call.op.n));
      return;
    default:
      return allocate(call, malloc);
  }
}

}  // namespace

void run_allocator(Call& call, OwnAllocator allocator) {
  if (call.log != nullptr) {
    const Watched watched{pagesim::SimMemory{call.task}, *call.log};
    return run_on(call, Ptmalloc<WatchedMemory>{WatchedMemory{watched}});
  }
  with_malloc(call.task, allocator, [&](const auto& malloc) { run_on(call, malloc); });
}

void leave_allocator(pagesim::Task& task, OwnAllocator allocator) {
  with_malloc(task, allocator, [](const auto& malloc) { malloc.thread_exit(); });
}

/// As in the C library, fork leaves the allocator alone while there was never a second thread.
pagesim::Task& fork(pagesim::Task& parent, OwnAllocator allocator) {
  if (pagesim::SimMemory{parent}.single_threaded()) return parent.machine().fork(parent);
  with_malloc(parent, allocator, [](const auto& malloc) { malloc.before_fork(); });
  pagesim::Task& child = parent.machine().fork(parent);
  with_malloc(child, allocator, [](const auto& malloc) { malloc.after_fork_in_child(); });
  with_malloc(parent, allocator, [](const auto& malloc) { malloc.after_fork_in_parent(); });
  return child;
}

}  // namespace tools::run::sim
