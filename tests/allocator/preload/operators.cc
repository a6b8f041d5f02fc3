// operators: every form of operator new and delete, where memory is and where it is not.
#include <malloc.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <new>

namespace {

constexpr std::size_t kTooMuch = SIZE_MAX / 4;
constexpr std::align_val_t kLine{64};
int handler_calls_left;  // NOLINT: the new-handler has no argument

void write_place(const char* form, void* p) {
  const auto base = reinterpret_cast<std::uint64_t>(sbrk(0));
  std::printf("%s: %zu bytes at %zd\n", form, malloc_usable_size(p),
              static_cast<std::ptrdiff_t>(reinterpret_cast<std::uint64_t>(p) - base));
}

void allocate_and_free(std::size_t n) {
  void* p = ::operator new(n);
  write_place("new", p);
  ::operator delete(p);
  write_place("new[]", p = ::operator new[](n));
  ::operator delete[](p);
  write_place("new nothrow", p = ::operator new(n, std::nothrow));
  ::operator delete(p, std::nothrow);
  write_place("new[] nothrow", p = ::operator new[](n, std::nothrow));
  ::operator delete[](p, std::nothrow);
  write_place("new aligned", p = ::operator new(n, kLine));
  ::operator delete(p, kLine);
  write_place("new[] aligned", p = ::operator new[](n, kLine));
  ::operator delete[](p, kLine);
  write_place("new aligned nothrow", p = ::operator new(n, kLine, std::nothrow));
  ::operator delete(p, kLine, std::nothrow);
  write_place("new[] aligned nothrow", p = ::operator new[](n, kLine, std::nothrow));
  ::operator delete[](p, kLine, std::nothrow);
  ::operator delete(::operator new(n), n);
  ::operator delete[](::operator new[](n), n);
  ::operator delete(::operator new(n, kLine), n, kLine);
  ::operator delete[](::operator new[](n, kLine), n, kLine);
  write_place("new again", p = ::operator new(n));
}

/// Gives up at the last of its calls.
void handle_no_memory() {
  std::printf("handler\n");
  if (--handler_calls_left == 0) std::set_new_handler(nullptr);
}

template <class New>
void fail(const char* form, New new_form) {
  handler_calls_left = 3;
  std::set_new_handler(handle_no_memory);
  try {
    void* const p = new_form();
    std::printf("%s: %s\n", form, p == nullptr ? "null" : "memory");
  } catch (const std::bad_alloc& error) {
    std::printf("%s: %s\n", form, error.what());
  }
}

}  // namespace

int main() {
  for (const std::size_t n : {0ul, 1ul, 24ul, 100ul, 5000ul, 120000ul}) allocate_and_free(n);
  fail("new", [] { return ::operator new(kTooMuch); });
  fail("new[]", [] { return ::operator new[](kTooMuch); });
  fail("new nothrow", [] { return ::operator new(kTooMuch, std::nothrow); });
  fail("new[] nothrow", [] { return ::operator new[](kTooMuch, std::nothrow); });
  fail("new aligned", [] { return ::operator new(kTooMuch, kLine); });
  fail("new[] aligned", [] { return ::operator new[](kTooMuch, kLine); });
  fail("new aligned nothrow", [] { return ::operator new(kTooMuch, kLine, std::nothrow); });
  fail("new[] aligned nothrow", [] { return ::operator new[](kTooMuch, kLine, std::nothrow); });
  fail("new to the last byte", [] { return ::operator new(SIZE_MAX); });
  fail("new aligned to the last byte", [] { return ::operator new(SIZE_MAX, kLine); });
  return 0;
}
