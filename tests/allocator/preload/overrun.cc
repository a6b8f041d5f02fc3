// overrun: writes one word behind a block, where the next chunk's size lies; malloc does not
// notice.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

int main() {
  void* (*volatile const plain_malloc)(std::size_t) = std::malloc;
  auto* const block = static_cast<volatile std::uint64_t*>(plain_malloc(24));
  for (int i = 0; i < 3; ++i) (void)plain_malloc(24);
  std::printf("%p\n", static_cast<void*>(const_cast<std::uint64_t*>(block)));
  std::fflush(stdout);
  block[3] = 0;
  (void)plain_malloc(24);
  std::puts("unnoticed");
  return 0;
}
