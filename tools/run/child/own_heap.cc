// The C interface of our allocators over RealMemory, without the preload library's care for early
// calls: the script's calls are the first and the only ones.
//
// Stores stay in the order of the source, one by one: which of two stores to a fresh page faults is
// the allocator's doing then, not the compiler's.
#ifndef __clang__
#pragma GCC optimize("no-store-merging", "no-tree-slp-vectorize", "no-schedule-insns2")
#endif
#include "tools/run/child/own_heap.h"

#include "allocator/faultline.h"
#include "allocator/malloc.h"
#include "allocator/real_memory.h"
#include "tools/measure/raw_syscall.h"

namespace tools::run::child {
namespace {

using allocator::RealMemory;
using allocator::VirtAddr;
using Ptmalloc = allocator::Malloc<RealMemory, allocator::Glibc236>;
using Faultline = allocator::FaultlineMalloc<RealMemory>;

template <class Malloc>
constexpr Malloc kOwn{RealMemory{}};

void* pointer(VirtAddr at) { return measure::at_address<void>(at.raw()); }
VirtAddr address(const void* p) { return VirtAddr{reinterpret_cast<std::uint64_t>(p)}; }

template <class Malloc>
int posix_memalign(void** out, std::size_t alignment, std::size_t n) {
  VirtAddr block;
  const int error = kOwn<Malloc>.posix_memalign(block, alignment, n);
  if (error == 0) *out = pointer(block);
  return error;
}

/// As in the C library, fork leaves the allocator alone while there was never a second thread.
template <class Handler>
void if_threaded(Handler handler) {
  if (!RealMemory{}.single_threaded()) handler();
}

template <class Malloc>
Heap heap_of() noexcept {
  Heap heap{};
  heap.malloc = [](std::size_t n) { return pointer(kOwn<Malloc>.malloc(n)); };
  heap.calloc = [](std::size_t count, std::size_t n) {
    return pointer(kOwn<Malloc>.calloc(count, n));
  };
  heap.realloc = [](void* p, std::size_t n) {
    return pointer(kOwn<Malloc>.realloc(address(p), n));
  };
  heap.memalign = [](std::size_t a, std::size_t n) { return pointer(kOwn<Malloc>.memalign(a, n)); };
  heap.aligned_alloc = [](std::size_t a, std::size_t n) {
    return pointer(kOwn<Malloc>.aligned_alloc(a, n));
  };
  heap.posix_memalign = posix_memalign<Malloc>;
  heap.valloc = [](std::size_t n) { return pointer(kOwn<Malloc>.valloc(n)); };
  heap.pvalloc = [](std::size_t n) { return pointer(kOwn<Malloc>.pvalloc(n)); };
  heap.free = [](void* p) { kOwn<Malloc>.free(address(p)); };
  heap.malloc_trim = [](std::size_t pad) { return kOwn<Malloc>.malloc_trim(pad); };
  heap.mallopt = [](int parameter, int value) { return kOwn<Malloc>.mallopt(parameter, value); };
  heap.thread_exit = [] { kOwn<Malloc>.thread_exit(); };
  heap.before_fork = [] { if_threaded([] { kOwn<Malloc>.before_fork(); }); };
  heap.after_fork_in_parent = [] { if_threaded([] { kOwn<Malloc>.after_fork_in_parent(); }); };
  heap.after_fork_in_child = [] { if_threaded([] { kOwn<Malloc>.after_fork_in_child(); }); };
  return heap;
}

}  // namespace

Heap ptmalloc_heap() noexcept { return heap_of<Ptmalloc>(); }
Heap faultline_heap() noexcept { return heap_of<Faultline>(); }

Span own_globals() noexcept {
  const std::uint64_t at = RealMemory{}.globals().raw();
  return {at, at + allocator::kGlobalsBytes};
}

}  // namespace tools::run::child
