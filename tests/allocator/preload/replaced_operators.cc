// replaced_operators: a program with its own plain operator new and delete, which every other form
// must call.
#include <cstdio>
#include <cstdlib>
#include <new>

namespace {
int news;     // NOLINT: counted in replaced functions
int deletes;  // NOLINT
}  // namespace

void* operator new(std::size_t n) {
  ++news;
  return std::malloc(n);
}
void operator delete(void* p) noexcept {
  ++deletes;
  std::free(p);
}

int main() {
  ::operator delete[](::operator new[](10));
  ::operator delete(::operator new(10, std::nothrow), std::nothrow);
  ::operator delete[](::operator new[](10, std::nothrow), std::nothrow);
  ::operator delete (::operator new(10), std::size_t{10});
  ::operator delete[](::operator new[](10), std::size_t{10});
  std::printf("%d news, %d deletes\n", news, deletes);
  return 0;
}
