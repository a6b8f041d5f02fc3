// The recording library's face: the C allocator's functions, each noted and passed on.
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tools/trace/preload_log.h"

namespace tools::trace::preload {
namespace {

/// The functions of the allocator that would have been called: the next one in the search order,
/// which may be another preloaded library's.
struct Next {
  void* (*malloc)(std::size_t);
  void (*free)(void*);
  void* (*calloc)(std::size_t, std::size_t);
  void* (*realloc)(void*, std::size_t);
  void* (*memalign)(std::size_t, std::size_t);
  void* (*aligned_alloc)(std::size_t, std::size_t);
  int (*posix_memalign)(void**, std::size_t, std::size_t);
  void* (*valloc)(std::size_t);
  void* (*pvalloc)(std::size_t);
  int (*malloc_trim)(std::size_t);
  int (*mallopt)(int, int);
};

// Until the next allocator is found every call looks for it first; calls made by that very search
// are served from a small block that is never given back.
void* first_malloc(std::size_t n);
void first_free(void* p);
void* first_calloc(std::size_t count, std::size_t n);
void* first_realloc(void* p, std::size_t n);
constinit Next next{.malloc = first_malloc,
                    .free = first_free,
                    .calloc = first_calloc,
                    .realloc = first_realloc,
                    .memalign = nullptr,
                    .aligned_alloc = nullptr,
                    .posix_memalign = nullptr,
                    .valloc = nullptr,
                    .pvalloc = nullptr,
                    .malloc_trim = nullptr,
                    .mallopt = nullptr};

constexpr std::size_t kBootBytes = 4096;
alignas(16) constinit char boot_block[kBootBytes] = {};
constinit std::size_t boot_used = 0;
constinit bool resolving = false;

void* boot_alloc(std::size_t n) {
  const std::size_t whole = (n + 15) / 16 * 16;
  if (whole < n || whole > kBootBytes - boot_used) return nullptr;
  void* at = boot_block + boot_used;
  boot_used += whole;
  return at;
}

bool is_boot(const void* p) { return p >= boot_block && p < boot_block + kBootBytes; }

template <class F>
void find(F*& function, const char* name) {
  if (void* found = dlsym(RTLD_NEXT, name)) function = reinterpret_cast<F*>(found);
}

using FreeFunction = void(void*);
constinit FreeFunction* free_of_next = nullptr;
void free_but_boot(void* p) {
  if (!is_boot(p)) free_of_next(p);
}

void resolve() {
  resolving = true;
  Next found{};
  find(found.malloc, "malloc");
  find(found.free, "free");
  find(found.calloc, "calloc");
  find(found.realloc, "realloc");
  find(found.memalign, "memalign");
  find(found.aligned_alloc, "aligned_alloc");
  find(found.posix_memalign, "posix_memalign");
  find(found.valloc, "valloc");
  find(found.pvalloc, "pvalloc");
  find(found.malloc_trim, "malloc_trim");
  find(found.mallopt, "mallopt");
  free_of_next = found.free;
  if (boot_used != 0) found.free = free_but_boot;
  next = found;
  resolving = false;
}

void* first_malloc(std::size_t n) {
  if (resolving) return boot_alloc(n);
  resolve();
  return next.malloc(n);
}

void first_free(void* p) {
  if (resolving || p == nullptr) return;
  resolve();
  next.free(p);
}

void* first_calloc(std::size_t count, std::size_t n) {
  std::size_t bytes = 0;
  if (resolving) return __builtin_mul_overflow(count, n, &bytes) ? nullptr : boot_alloc(bytes);
  resolve();
  return next.calloc(count, n);
}

void* first_realloc(void* p, std::size_t n) {
  if (!resolving) {
    resolve();
    return next.realloc(p, n);
  }
  void* to = boot_alloc(n);
  if (to != nullptr && p != nullptr) memmove(to, p, n);  // p is earlier in the same block
  return to;
}

void resolve_if_needed() {
  if (next.malloc == first_malloc) resolve();
}

std::uint64_t word(const void* p) { return reinterpret_cast<std::uintptr_t>(p); }

void* realloc_noted(void* p, std::size_t n) {
  if (p != nullptr) note_realloc(wire::Tag::ReallocBegin, wire::Call::ReallocBegin, 0, p);
  void* result = next.realloc(p, n);
  note_realloc(wire::Tag::ReallocEnd, wire::Call::ReallocEnd, n, result);
  return result;
}

/// When a system call is made that may give back memory: see wire::Call::Munmap.
std::uint64_t asked_at() { return timed ? now() : 0; }

/// A part of a mapping was given back or changed.
void note_mapping(wire::Call call, const void* at, std::size_t n, std::uint64_t m) {
  if (timed) note(call, n, m, word(at));
}

/// Private anonymous memory that grows by no stack and is not cut from huge pages.
bool is_plain(int flags) {
  constexpr int kMustBe = MAP_PRIVATE | MAP_ANONYMOUS;
  return (flags & (kMustBe | MAP_TYPE | MAP_GROWSDOWN | MAP_HUGETLB)) == kMustBe;
}

/// Other memory may have taken the place of plain memory.
void note_mmap(const void* at, std::size_t n, int protection, int flags, std::uint64_t asked) {
  if (!timed || at == MAP_FAILED) return;
  if (!is_plain(flags)) return note_mapping(wire::Call::Munmap, at, n, asked);
  note(wire::Call::Mmap, n,
       static_cast<std::uint64_t>(protection) | static_cast<std::uint64_t>(flags) << 8, word(at));
}

/// The bytes from `at` on, of `n` at most, before the first page that is not mapped: msync looks at
/// every page, and with MS_ASYNC does nothing else.
std::size_t mapped_bytes(const char* at, std::size_t n, std::size_t page) {
  std::size_t mapped = 0, beyond = (n + page - 1) / page + 1;  // pages
  while (beyond - mapped > 1) {
    const std::size_t middle = mapped + (beyond - mapped) / 2;
    (syscall(SYS_msync, at, middle * page, MS_ASYNC) == 0 ? mapped : beyond) = middle;
  }
  return mapped * page;
}

/// A change that stops at a hole with ENOMEM, and is done before it. Of a range without a hole that
/// is refused in the middle (for want of memory, or for a file's sake) nothing is known, and
/// nothing noted.
void note_up_to_hole(wire::Call call, const void* at, std::size_t n, int value, bool done) {
  if (!timed) return;
  const int saved = errno;
  if (!done && saved == ENOMEM) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t mapped = mapped_bytes(static_cast<const char*>(at), n, page);
    done = mapped != 0 && mapped < n;
    n = mapped;
  }
  if (done) note_mapping(call, at, n, static_cast<unsigned>(value));
  errno = saved;
}

// NOLINTNEXTLINE(performance-no-int-to-ptr): what a system call returned
void* pointer(long result) { return reinterpret_cast<void*>(result); }

}  // namespace
}  // namespace tools::trace::preload

using tools::trace::preload::next;
using tools::trace::preload::note;
using tools::trace::preload::resolve_if_needed;
using tools::trace::preload::word;
namespace preload = tools::trace::preload;
namespace wire = tools::trace::wire;

#define FAULTLINE_EXPORT extern "C" [[gnu::visibility("default")]]

FAULTLINE_EXPORT void* malloc(std::size_t n) noexcept {
  void* p = next.malloc(n);
  preload::note_malloc(n, p);
  return p;
}

FAULTLINE_EXPORT void free(void* p) noexcept {
  if (p == nullptr) return;
  preload::note_free(p);
  next.free(p);
}

FAULTLINE_EXPORT void* calloc(std::size_t count, std::size_t n) noexcept {
  void* p = next.calloc(count, n);
  if (!preload::ready(preload::thread_log)) return p;
  preload::ThreadLog& log = preload::thread_log;
  if (n < wire::kShortSizes && wire::fits(word(p))) {
    preload::put_calloc(log, wire::short_word(wire::Tag::Calloc, n, word(p)), count);
  } else {
    preload::put_call(log, wire::Call::Calloc, n, count, word(p));
  }
  return p;
}

FAULTLINE_EXPORT void* realloc(void* p, std::size_t n) noexcept {
  return preload::realloc_noted(p, n);
}

FAULTLINE_EXPORT void* reallocarray(void* p, std::size_t count, std::size_t n) noexcept {
  std::size_t bytes = 0;
  if (__builtin_mul_overflow(count, n, &bytes)) {
    errno = ENOMEM;
    return nullptr;
  }
  return preload::realloc_noted(p, bytes);
}

FAULTLINE_EXPORT void* memalign(std::size_t alignment, std::size_t n) noexcept {
  resolve_if_needed();
  void* p = next.memalign(alignment, n);
  note(wire::Call::Memalign, n, alignment, word(p));
  return p;
}

FAULTLINE_EXPORT void* aligned_alloc(std::size_t alignment, std::size_t n) noexcept {
  resolve_if_needed();
  void* p = next.aligned_alloc(alignment, n);
  note(wire::Call::AlignedAlloc, n, alignment, word(p));
  return p;
}

FAULTLINE_EXPORT int posix_memalign(void** to, std::size_t alignment, std::size_t n) noexcept {
  resolve_if_needed();
  const int error = next.posix_memalign(to, alignment, n);
  note(wire::Call::PosixMemalign, n, alignment, error == 0 ? word(*to) : 0);
  return error;
}

FAULTLINE_EXPORT void* valloc(std::size_t n) noexcept {
  resolve_if_needed();
  void* p = next.valloc(n);
  note(wire::Call::Valloc, n, 0, word(p));
  return p;
}

FAULTLINE_EXPORT void* pvalloc(std::size_t n) noexcept {
  resolve_if_needed();
  void* p = next.pvalloc(n);
  note(wire::Call::Pvalloc, n, 0, word(p));
  return p;
}

// What the C library calls inside itself, glibc's malloc too, does not come by here: these are the
// program's own.
FAULTLINE_EXPORT void* mmap(void* at, std::size_t n, int protection, int flags, int fd,
                            off_t offset) noexcept {
  const std::uint64_t asked = preload::asked_at();
  void* p = preload::pointer(syscall(SYS_mmap, at, n, protection, flags, fd, offset));
  preload::note_mmap(p, n, protection, flags, asked);
  return p;
}

FAULTLINE_EXPORT void* mmap64(void* at, std::size_t n, int protection, int flags, int fd,
                              off64_t offset) noexcept {
  return mmap(at, n, protection, flags, fd, offset);
}

// Noted when the kernel has done it, as what it refuses is not to be played. Who is told of it by
// the program comes after the note; who learns of it from the kernel, by an address that is free
// again, may be noted before: see wire::Call::Munmap.
FAULTLINE_EXPORT int munmap(void* at, std::size_t n) noexcept {
  const std::uint64_t asked = preload::asked_at();
  const auto result = static_cast<int>(syscall(SYS_munmap, at, n));
  if (result == 0) preload::note_mapping(wire::Call::Munmap, at, n, asked);
  return result;
}

FAULTLINE_EXPORT int mprotect(void* at, std::size_t n, int protection) noexcept {
  const auto result = static_cast<int>(syscall(SYS_mprotect, at, n, protection));
  preload::note_up_to_hole(wire::Call::Mprotect, at, n, protection, result == 0);
  return result;
}

FAULTLINE_EXPORT int madvise(void* at, std::size_t n, int advice) noexcept {
  const auto result = static_cast<int>(syscall(SYS_madvise, at, n, advice));
  if (advice == MADV_POPULATE_READ || advice == MADV_POPULATE_WRITE) {
    preload::note_up_to_hole(wire::Call::Madvise, at, n, advice, result == 0);
  } else if (result == 0 || errno == ENOMEM) {  // of holes, when all around them is done
    preload::note_mapping(wire::Call::Madvise, at, n, static_cast<unsigned>(advice));
  }
  return result;
}

FAULTLINE_EXPORT void* mremap(void* at, std::size_t n, std::size_t to, int flags, ...) noexcept {
  va_list more;
  va_start(more, flags);
  void* const where = (flags & MREMAP_FIXED) != 0 ? va_arg(more, void*) : nullptr;
  va_end(more);
  const std::uint64_t asked = preload::asked_at();
  void* const p = preload::pointer(syscall(SYS_mremap, at, n, to, flags, where));
  if (p == MAP_FAILED) return p;
  const bool is_moved = (flags & MREMAP_DONTUNMAP) == 0;  // else both are there, and not followed
  using wire::Call;
  preload::note_mapping(is_moved ? Call::MremapFrom : Call::Munmap, at, n, asked);
  preload::note_mapping(is_moved ? Call::MremapTo : Call::Munmap, p, to, is_moved ? 0 : asked);
  return p;
}

FAULTLINE_EXPORT int malloc_trim(std::size_t pad) noexcept {
  resolve_if_needed();
  const int result = next.malloc_trim(pad);
  note(wire::Call::MallocTrim, pad, 0, static_cast<std::uint64_t>(result));
  return result;
}

FAULTLINE_EXPORT int mallopt(int parameter, int value) noexcept {
  resolve_if_needed();
  const int result = next.mallopt(parameter, value);
  note(wire::Call::Mallopt, static_cast<std::uint64_t>(value),
       static_cast<std::uint64_t>(parameter), static_cast<std::uint64_t>(result));
  return result;
}
