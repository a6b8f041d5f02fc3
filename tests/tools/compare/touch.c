/* touch PAGES: writes to that many fresh pages. */
#include <stdlib.h>
#include <sys/mman.h>

int main(int count, char** arguments) {
  const size_t pages = count > 1 ? (size_t)atol(arguments[1]) : 0;
  char* p =
      mmap(NULL, (pages + 1) << 12, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) return 1;
  madvise(p, (pages + 1) << 12, MADV_NOHUGEPAGE);
  for (size_t i = 0; i < pages; ++i) *(volatile char*)(p + (i << 12)) = 1;
  return 0;
}
