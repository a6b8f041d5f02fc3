// operator new and delete in all their forms, over the library's own malloc and free.
//
// A program may replace any of them: a form that the standard defines by another one therefore
// calls that one by its public name. What only the C++ library can do, calling the new-handler and
// throwing, is left to its own form, the next one in the order of search.
#include <dlfcn.h>

#include <cstdlib>
#include <new>

#define OPERATOR_API [[gnu::visibility("default")]]

namespace {

constexpr std::size_t kOne = 1;

/// The C++ library's own function of this mangled name; null in a program without a C++ library.
template <class Function>
Function next(const char* name) noexcept {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

using New = void* (*)(std::size_t);
using AlignedNew = void* (*)(std::size_t, std::align_val_t);
using NothrowNew = void* (*)(std::size_t, const std::nothrow_t&);
using AlignedNothrowNew = void* (*)(std::size_t, std::align_val_t, const std::nothrow_t&);

/// malloc has failed: the C++ library tries on, asking the new-handler, and in the end throws.
[[gnu::cold, gnu::noinline]] void* new_or_throw(std::size_t n) {
  if (const auto library_new = next<New>("_Znwm")) return library_new(n);
  std::abort();
}
[[gnu::cold, gnu::noinline]] void* new_or_throw(std::size_t n, std::align_val_t alignment) {
  if (const auto library_new = next<AlignedNew>("_ZnwmSt11align_val_t")) {
    return library_new(n, alignment);
  }
  std::abort();
}

/// What the C++ library asks aligned_alloc for.
[[nodiscard]] void* allocate_aligned(std::size_t n, std::align_val_t alignment) noexcept {
  const auto at = static_cast<std::size_t>(alignment);
  const std::size_t rounded = ((n == 0 ? kOne : n) + at - 1) & ~(at - 1);
  return rounded < n ? nullptr : std::aligned_alloc(at, rounded);
}

}  // namespace

OPERATOR_API void* operator new(std::size_t n) {
  if (void* const p = std::malloc(n)) [[likely]]
    return p;
  return new_or_throw(n);
}
OPERATOR_API void* operator new[](std::size_t n) { return ::operator new(n); }
OPERATOR_API void* operator new(std::size_t n, std::align_val_t alignment) {
  if (void* const p = allocate_aligned(n, alignment)) [[likely]]
    return p;
  return new_or_throw(n, alignment);
}
OPERATOR_API void* operator new[](std::size_t n, std::align_val_t alignment) {
  return ::operator new(n, alignment);
}

OPERATOR_API void* operator new(std::size_t n, const std::nothrow_t& tag) noexcept {
  if (const auto library_new = next<NothrowNew>("_ZnwmRKSt9nothrow_t")) return library_new(n, tag);
  return std::malloc(n);
}
OPERATOR_API void* operator new[](std::size_t n, const std::nothrow_t& tag) noexcept {
  return ::operator new(n, tag);
}
OPERATOR_API void* operator new(std::size_t n, std::align_val_t alignment,
                                const std::nothrow_t& tag) noexcept {
  const auto library_new = next<AlignedNothrowNew>("_ZnwmSt11align_val_tRKSt9nothrow_t");
  return library_new != nullptr ? library_new(n, alignment, tag) : allocate_aligned(n, alignment);
}
OPERATOR_API void* operator new[](std::size_t n, std::align_val_t alignment,
                                  const std::nothrow_t& tag) noexcept {
  return ::operator new(n, alignment, tag);
}

OPERATOR_API void operator delete(void* p) noexcept { std::free(p); }
OPERATOR_API void operator delete[](void* p) noexcept { ::operator delete(p); }
OPERATOR_API void operator delete(void* p, std::size_t) noexcept { ::operator delete(p); }
OPERATOR_API void operator delete[](void* p, std::size_t) noexcept { ::operator delete[](p); }
OPERATOR_API void operator delete(void* p, const std::nothrow_t&) noexcept { ::operator delete(p); }
OPERATOR_API void operator delete[](void* p, const std::nothrow_t&) noexcept {
  ::operator delete[](p);
}
OPERATOR_API void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
OPERATOR_API void operator delete[](void* p, std::align_val_t alignment) noexcept {
  ::operator delete(p, alignment);
}
OPERATOR_API void operator delete(void* p, std::size_t, std::align_val_t alignment) noexcept {
  ::operator delete(p, alignment);
}
OPERATOR_API void operator delete[](void* p, std::size_t, std::align_val_t alignment) noexcept {
  ::operator delete[](p, alignment);
}
OPERATOR_API void operator delete(void* p, std::align_val_t alignment,
                                  const std::nothrow_t&) noexcept {
  ::operator delete(p, alignment);
}
OPERATOR_API void operator delete[](void* p, std::align_val_t alignment,
                                    const std::nothrow_t&) noexcept {
  ::operator delete[](p, alignment);
}
