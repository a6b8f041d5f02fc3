// The allocator calls.
#include <cerrno>

#include "tools/run/child/heap.h"
#include "tools/run/child/verbs.h"

namespace tools::run::child {
namespace {

using script::Verb;

void file_result(Call& call, void* block) {
  call.address = reinterpret_cast<std::uint64_t>(block);
  if (block == nullptr) call.error = errno;
}

void* block_of(const Call& call) { return measure::at_address<void>(call.to); }

void act_malloc(Call& call) { file_result(call, heap().malloc(call.op->n)); }
void act_calloc(Call& call) { file_result(call, heap().calloc(call.op->m, call.op->n)); }
void act_realloc(Call& call) { file_result(call, heap().realloc(block_of(call), call.op->n)); }
void act_memalign(Call& call) { file_result(call, heap().memalign(call.op->m, call.op->n)); }
void act_aligned_alloc(Call& call) {
  file_result(call, heap().aligned_alloc(call.op->m, call.op->n));
}
void act_posix_memalign(Call& call) {
  void* block = nullptr;
  call.error = heap().posix_memalign(&block, call.op->m, call.op->n);
  if (call.error == 0) call.address = reinterpret_cast<std::uint64_t>(block);
}
void act_valloc(Call& call) { file_result(call, heap().valloc(call.op->n)); }
void act_pvalloc(Call& call) { file_result(call, heap().pvalloc(call.op->n)); }
void act_free(Call& call) { heap().free(block_of(call)); }
void act_malloc_trim(Call& call) { call.returned = heap().malloc_trim(call.op->n); }
void act_mallopt(Call& call) {
  call.returned = heap().mallopt(static_cast<int>(call.op->m), static_cast<int>(call.op->n));
}

void finish_block(Call& call) {
  const std::uint64_t count = call.op->verb == Verb::Calloc ? call.op->m : 1;
  bind_result(call, call.op->n * count);
}

void finish_realloc(Call& call) {
  const script::Op& op = *call.op;
  // A failed call leaves the old block alone; realloc(p, 0) frees it and returns null.
  const bool failed = call.address == 0 && op.n != 0;
  const bool named = op.to.base == script::Base::Name && op.to.name != script::kNone;
  if (!failed && named && op.to.name != op.result) call.task->names()[op.to.name] = {};
  bind_result(call, op.n);
}

/// The member of the table behind a verb, as an address; 0: the allocator does not have it.
bool has(Verb verb) {
  const Heap& table = heap();
  switch (verb) {
    case Verb::Malloc:
      return table.malloc != nullptr;
    case Verb::Calloc:
      return table.calloc != nullptr;
    case Verb::Realloc:
      return table.realloc != nullptr;
    case Verb::Memalign:
      return table.memalign != nullptr;
    case Verb::AlignedAlloc:
      return table.aligned_alloc != nullptr;
    case Verb::PosixMemalign:
      return table.posix_memalign != nullptr;
    case Verb::Valloc:
      return table.valloc != nullptr;
    case Verb::Pvalloc:
      return table.pvalloc != nullptr;
    case Verb::Free:
      return table.free != nullptr;
    case Verb::MallocTrim:
      return table.malloc_trim != nullptr;
    default:
      return table.mallopt != nullptr;
  }
}

void prepare(Call& call) {
  errno = 0;
  if (!has(call.op->verb)) refuse(call.index, "this allocator has no such function");
}

}  // namespace

VerbSteps allocator_verb(Verb verb) noexcept {
  switch (verb) {
    case Verb::Malloc:
      return {prepare, act_malloc, finish_block};
    case Verb::Calloc:
      return {prepare, act_calloc, finish_block};
    case Verb::Realloc:
      return {prepare, act_realloc, finish_realloc};
    case Verb::Memalign:
      return {prepare, act_memalign, finish_block};
    case Verb::AlignedAlloc:
      return {prepare, act_aligned_alloc, finish_block};
    case Verb::PosixMemalign:
      return {prepare, act_posix_memalign, finish_block};
    case Verb::Valloc:
      return {prepare, act_valloc, finish_block};
    case Verb::Pvalloc:
      return {prepare, act_pvalloc, finish_block};
    case Verb::Free:
      return {prepare, act_free, nullptr};
    case Verb::MallocTrim:
      return {prepare, act_malloc_trim, nullptr};
    case Verb::Mallopt:
      return {prepare, act_mallopt, nullptr};
    default:
      return {};
  }
}

}  // namespace tools::run::child
