// The C interface of the preloaded library: malloc(3) and its kin, over the process's own memory.
#include <malloc.h>

#include <cstdio>
#include <cstdlib>

#include "allocator/preload_info.h"
#include "allocator/preload_thread.h"

#define PRELOAD_API extern "C" [[gnu::visibility("default")]]

namespace allocator {
namespace {

/// Runs `call`, which gives a user pointer or null; `old` as enter() has it.
template <class Call>
[[gnu::always_inline]] inline void* answer(Operation operation, VirtAddr old, Call call) noexcept {
  if (is_plain()) [[likely]]
    return to_pointer(call());
  return to_pointer(enter(operation, old, call));
}
template <class Call>
[[gnu::always_inline]] inline void* answer(Operation operation, Call call) noexcept {
  return answer(operation, VirtAddr{}, call);
}

/// Runs a call that has no fast path.
template <class Call>
auto answer_slowly(Call call) noexcept {
  begin_thread();
  const OutsideFork outside;
  return call();
}

void* aligned(std::size_t alignment, std::size_t n) noexcept {
  return answer(Operation::Aligned, [=] { return kHeap.memalign(alignment, n); });
}

/// The older, narrower struct.
struct mallinfo narrow(const Mallinfo2& wide) noexcept {
  const auto field = [](std::size_t n) { return static_cast<int>(n); };
  return {field(wide.arena),    field(wide.ordblks), field(wide.smblks),  field(wide.hblks),
          field(wide.hblkhd),   field(wide.usmblks), field(wide.fsmblks), field(wide.uordblks),
          field(wide.fordblks), field(wide.keepcost)};
}

}  // namespace
}  // namespace allocator

using namespace allocator;  // NOLINT: the functions below are the C library's

PRELOAD_API void* malloc(std::size_t n) noexcept {
  return answer(Operation::Malloc, [n] { return kHeap.malloc(n); });
}

PRELOAD_API void free(void* p) noexcept {
  if (p == nullptr) return;
  answer(Operation::Free, to_address(p), [p] {
    kHeap.free(to_address(p));
    return VirtAddr{};
  });
}

PRELOAD_API void* calloc(std::size_t count, std::size_t size) noexcept {
  return answer(Operation::Calloc, [=] { return kHeap.calloc(count, size); });
}

PRELOAD_API void* realloc(void* p, std::size_t n) noexcept {
  const VirtAddr old = to_address(p);
  return answer(n == 0 ? Operation::Free : Operation::Realloc, old,
                [=] { return kHeap.realloc(old, n); });
}

PRELOAD_API void* reallocarray(void* p, std::size_t count, std::size_t size) noexcept {
  std::size_t n = 0;
  if (__builtin_mul_overflow(count, size, &n)) {
    errno = ENOMEM;
    return nullptr;
  }
  return realloc(p, n);
}

PRELOAD_API void* memalign(std::size_t alignment, std::size_t n) noexcept {
  return aligned(alignment, n);
}
PRELOAD_API void* aligned_alloc(std::size_t alignment, std::size_t n) noexcept {
  return aligned(alignment, n);
}
PRELOAD_API void* valloc(std::size_t n) noexcept {
  return answer(Operation::Aligned, [n] { return kHeap.valloc(n); });
}
PRELOAD_API void* pvalloc(std::size_t n) noexcept {
  return answer(Operation::Aligned, [n] { return kHeap.pvalloc(n); });
}
PRELOAD_API int posix_memalign(void** out, std::size_t alignment, std::size_t n) noexcept {
  int error = 0;
  void* const p = answer(Operation::Aligned, [&] {
    VirtAddr user;
    error = kHeap.posix_memalign(user, alignment, n);
    return user;
  });
  if (error == 0) *out = p;
  return error;
}

PRELOAD_API void free_sized(void* p, std::size_t /*size*/) noexcept { free(p); }
PRELOAD_API void free_aligned_sized(void* p, std::size_t /*alignment*/,
                                    std::size_t /*size*/) noexcept {
  free(p);
}
PRELOAD_API void cfree(void* p) noexcept { free(p); }  // of old programs

PRELOAD_API std::size_t malloc_usable_size(void* p) noexcept {
  return kHeap.malloc_usable_size(to_address(p));
}
PRELOAD_API int malloc_trim(std::size_t pad) noexcept {
  return answer_slowly([pad] { return kHeap.malloc_trim(pad); });
}
PRELOAD_API int mallopt(int parameter, int value) noexcept {
  return answer_slowly([=] { return kHeap.mallopt(parameter, value); });
}
PRELOAD_API struct mallinfo2 mallinfo2() noexcept {
  const Mallinfo2 sum = answer_slowly([] { return kHeap.mallinfo2(); });
  return {sum.arena,   sum.ordblks, sum.smblks,   sum.hblks,    sum.hblkhd,
          sum.usmblks, sum.fsmblks, sum.uordblks, sum.fordblks, sum.keepcost};
}
PRELOAD_API struct mallinfo mallinfo() noexcept {
  return answer_slowly([] { return narrow(kHeap.mallinfo2()); });
}
PRELOAD_API void malloc_stats() noexcept {
  answer_slowly([] { print_stats(stderr); });
}
PRELOAD_API int malloc_info(int options, FILE* file) noexcept {
  if (options != 0) return EINVAL;
  answer_slowly([file] { print_info(file); });
  return 0;
}

// The C library's names for programs that wrap malloc themselves. NOLINTBEGIN: reserved, not ours
#define PRELOAD_ALIAS(name) \
  extern "C" [[gnu::visibility("default"), gnu::alias(#name), gnu::copy(name)]]
PRELOAD_ALIAS(malloc) void* __libc_malloc(std::size_t n) noexcept;
PRELOAD_ALIAS(free) void __libc_free(void* p) noexcept;
PRELOAD_ALIAS(calloc) void* __libc_calloc(std::size_t count, std::size_t size) noexcept;
PRELOAD_ALIAS(realloc) void* __libc_realloc(void* p, std::size_t n) noexcept;
PRELOAD_ALIAS(memalign) void* __libc_memalign(std::size_t alignment, std::size_t n) noexcept;
PRELOAD_ALIAS(valloc) void* __libc_valloc(std::size_t n) noexcept;
PRELOAD_ALIAS(pvalloc) void* __libc_pvalloc(std::size_t n) noexcept;
PRELOAD_ALIAS(mallopt) int __libc_mallopt(int parameter, int value) noexcept;
PRELOAD_ALIAS(mallinfo) struct mallinfo __libc_mallinfo() noexcept;
// NOLINTEND

#ifdef __x86_64__
#ifdef ALLOCATOR_FAULTLINE
#define PRELOAD_NOTE_TYPE "2"
#else
#define PRELOAD_NOTE_TYPE "1"
#endif
// A note that tells who reads a process from outside where the state lies, stripped or not. Its
// first word is PreloadStorage::globals from there. Then two instructions, as the linker leaves
// them: what each would load is the distance from the thread pointer to RealStorage::thread, and to
// PreloadStorage::thread.
asm(R"(
    .pushsection .note.faultline, "a", @note
    .balign 4
    .long 2f - 1f, 4f - 3f, )" PRELOAD_NOTE_TYPE R"(
1:  .asciz "Faultline"
2:  .balign 4
3:  .long _ZN9allocator14PreloadStorage7globalsE - .
    movq _ZN9allocator11RealStorage6threadE@gottpoff(%rip), %rax
    movq _ZN9allocator14PreloadStorage6threadE@gottpoff(%rip), %rax
4:  .balign 4
    .popsection
)");
#endif
