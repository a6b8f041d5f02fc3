// MemoryBackend: everything the allocator may ask of the memory it runs in.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "pagesim/address.h"

namespace allocator {

using pagesim::AccessTag;
using pagesim::VirtAddr;

/// Zeroed bytes a backend gives the allocator for its process-wide state (its .bss): whole pages of
/// their own, so that a fault on one of them is the allocator's.
inline constexpr std::size_t kGlobalsBytes = 2 * 4096;
/// Zeroed bytes a backend gives the allocator in each thread (its .tbss).
inline constexpr std::size_t kThreadBytes = 64;

/// What it takes to read a heap: enough for views of records and chunks, and for walks. A handle:
/// copied freely, at most one pointer wide.
template <class M>
concept ReadableMemory = std::is_trivially_copyable_v<M> && sizeof(M) <= sizeof(void*) &&
                         requires(M m, VirtAddr at, AccessTag tag) {
  { m.template load<std::uint64_t>(at, tag) } -> std::same_as<std::uint64_t>;
  { m.template load<std::uint32_t>(at, tag) } -> std::same_as<std::uint32_t>;
  { m.template load<std::uint16_t>(at, tag) } -> std::same_as<std::uint16_t>;
  { m.globals() } -> std::same_as<VirtAddr>;  // kGlobalsBytes, page aligned
};

/// What the allocator runs on. Loads and stores of a simulated backend may trap (throw); those of
/// the real one compile to one instruction. System calls return null or false when the kernel
/// refuses and leave the reason in error().
template <class M>
concept MemoryBackend = ReadableMemory<M> &&
    requires(M m, VirtAddr at, std::uint64_t word, std::size_t n, std::ptrdiff_t delta,
             AccessTag tag, int number, const char* message) {
  { m.template store<std::uint64_t>(at, word, tag) } -> std::same_as<void>;
  { m.template store<std::uint32_t>(at, std::uint32_t{}, tag) } -> std::same_as<void>;
  { m.template store<std::uint16_t>(at, std::uint16_t{}, tag) } -> std::same_as<void>;
  { m.copy(at, at, n, tag) } -> std::same_as<void>;  // to, from: disjoint
  { m.fill(at, std::uint8_t{}, n, tag) } -> std::same_as<void>;
  { m.page_size() } -> std::convertible_to<std::size_t>;
  { m.thread_locals() } -> std::same_as<VirtAddr>;  // kThreadBytes, 16-aligned, this thread's
  // System calls. sbrk shares the C library's remembered break (sbrk(2)): the break before the
  // change; sbrk(0) asks the kernel only the first time.
  { m.sbrk(delta) } -> std::same_as<VirtAddr>;
  { m.mmap(at, n, number, number) } -> std::same_as<VirtAddr>;  // hint, length, prot, flags
  { m.munmap(at, n) } -> std::same_as<bool>;
  { m.mremap(at, n, n) } -> std::same_as<VirtAddr>;  // old, new; may move
  { m.mprotect(at, n, number) } -> std::same_as<bool>;
  { m.madvise(at, n, number) } -> std::same_as<bool>;
  { m.mincore(at, n) } -> std::same_as<std::size_t>;  // bytes of it in memory; unknown: 0
  { m.random() } -> std::same_as<std::uint64_t>;      // getrandom(8, GRND_NONBLOCK)
  { m.online_cpus() } -> std::same_as<unsigned>;      // 0: not known
  { m.overcommit_never() } -> std::same_as<bool>;     // vm.overcommit_memory == 2, or secure-exec
  { m.thp_size() } -> std::same_as<std::size_t>;      // huge page bytes in "madvise" mode, else 0
  // The huge page pool of pages of n bytes, n = 0 the default one: its page size; 0: no such pool.
  { m.hugetlb_size(n) } -> std::same_as<std::size_t>;
  // "GLIBC_TUNABLES", "MALLOC_ARENA_MAX": its value; no data when unset or the process is setuid.
  { m.environment(message) } -> std::same_as<std::string_view>;
  // Threads. A lock is a 4-byte word of zeroes somewhere in M.
  { m.single_threaded() } -> std::same_as<bool>;  // no thread was ever made
  { m.lock(at) } -> std::same_as<void>;
  { m.try_lock(at) } -> std::same_as<bool>;
  { m.unlock(at) } -> std::same_as<void>;
  { m.error() } -> std::same_as<int>;  // errno
  { m.set_error(number) } -> std::same_as<void>;
  // A corrupted heap: the message and a newline on standard error, then SIGABRT.
  { m.die(message) } -> std::same_as<void>;  // [[noreturn]]
};

}  // namespace allocator
