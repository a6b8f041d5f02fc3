// The C interface of Malloc<RealMemory>, without the preload library's care for early calls: the
// script's calls are the first and the only ones.
//
// Stores stay in the order of the source, one by one: which of two stores to a fresh page faults is
// the allocator's doing then, not the compiler's.
#ifndef __clang__
#pragma GCC optimize("no-store-merging", "no-tree-slp-vectorize", "no-schedule-insns2")
#endif
#include "tools/run/child/ptmalloc.h"

#include "allocator/malloc.h"
#include "allocator/real_memory.h"
#include "tools/measure/raw_syscall.h"

namespace tools::run::child {
namespace {

using allocator::VirtAddr;

constexpr allocator::Malloc<allocator::RealMemory, allocator::Glibc236> kPtmalloc{
    allocator::RealMemory{}};

void* pointer(VirtAddr at) { return measure::at_address<void>(at.raw()); }
VirtAddr address(const void* p) { return VirtAddr{reinterpret_cast<std::uint64_t>(p)}; }

int posix_memalign(void** out, std::size_t alignment, std::size_t n) {
  VirtAddr block;
  const int error = kPtmalloc.posix_memalign(block, alignment, n);
  if (error == 0) *out = pointer(block);
  return error;
}

/// As in the C library, fork leaves the allocator alone while there was never a second thread.
template <void (*Handler)()>
void if_threaded() {
  if (!allocator::RealMemory{}.single_threaded()) Handler();
}
void before_fork() { kPtmalloc.before_fork(); }
void after_fork_in_parent() { kPtmalloc.after_fork_in_parent(); }
void after_fork_in_child() { kPtmalloc.after_fork_in_child(); }

}  // namespace

Heap ptmalloc_heap() noexcept {
  Heap heap{};
  heap.malloc = [](std::size_t n) { return pointer(kPtmalloc.malloc(n)); };
  heap.calloc = [](std::size_t count, std::size_t n) {
    return pointer(kPtmalloc.calloc(count, n));
  };
  heap.realloc = [](void* p, std::size_t n) { return pointer(kPtmalloc.realloc(address(p), n)); };
  heap.memalign = [](std::size_t a, std::size_t n) { return pointer(kPtmalloc.memalign(a, n)); };
  heap.aligned_alloc = [](std::size_t a, std::size_t n) {
    return pointer(kPtmalloc.aligned_alloc(a, n));
  };
  heap.posix_memalign = posix_memalign;
  heap.valloc = [](std::size_t n) { return pointer(kPtmalloc.valloc(n)); };
  heap.pvalloc = [](std::size_t n) { return pointer(kPtmalloc.pvalloc(n)); };
  heap.free = [](void* p) { kPtmalloc.free(address(p)); };
  heap.malloc_trim = [](std::size_t pad) { return kPtmalloc.malloc_trim(pad); };
  heap.mallopt = [](int parameter, int value) { return kPtmalloc.mallopt(parameter, value); };
  heap.thread_exit = [] { kPtmalloc.thread_exit(); };
  heap.before_fork = if_threaded<before_fork>;
  heap.after_fork_in_parent = if_threaded<after_fork_in_parent>;
  heap.after_fork_in_child = if_threaded<after_fork_in_child>;
  return heap;
}

Span ptmalloc_globals() noexcept {
  const std::uint64_t at = allocator::RealMemory{}.globals().raw();
  return {at, at + allocator::kGlobalsBytes};
}

}  // namespace tools::run::child
