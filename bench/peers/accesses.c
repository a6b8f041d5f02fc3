/* accesses PATTERN N: N accesses of sim_bench's patterns to 64 MiB that are all present, for tools that
 * watch a program's accesses. `touch`: N first writes, each to a page of its own. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { kPage = 4096 };
static const size_t kBytes = 64UL << 20;

static volatile unsigned char* map(size_t bytes) {
  void* at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (at == MAP_FAILED) exit(1);
  madvise(at, bytes, MADV_NOHUGEPAGE);
  return at;
}

static volatile unsigned char* map_present(void) {
  volatile unsigned char* at = map(kBytes);
  for (size_t i = 0; i < kBytes; i += kPage) at[i] = 1;
  return at;
}

static void read_at_random(long n) {
  volatile unsigned char* at = map_present();
  uint64_t state = 88172645463325252u;
  for (long i = 0; i < n; ++i) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    (void)at[state & (kBytes - 1)];
  }
}

static void read_in_order(long n) {
  volatile uint64_t* at = (volatile uint64_t*)map_present();
  for (long i = 0; i < n; ++i) (void)at[(size_t)i & (kBytes / 8 - 1)];
}

static void touch_first(long n) {
  volatile unsigned char* at = map(((size_t)n + 1) * kPage);
  for (long i = 0; i < n; ++i) at[i * kPage] = 1;
}

int main(int count, char** arguments) {
  if (count != 3) return 2;
  const long n = atol(arguments[2]);
  if (strcmp(arguments[1], "random") == 0) read_at_random(n);
  if (strcmp(arguments[1], "sequential") == 0) read_in_order(n);
  if (strcmp(arguments[1], "touch") == 0) touch_first(n);
  return 0;
}
