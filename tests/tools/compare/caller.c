/* caller WHAT N: faults whose lines are known; each marked line is named by what follows "site:".
 *   malloc  N blocks of 1024 bytes, never touched
 *   deep    N pages of a block, written 100 calls down
 *   jit     N pages of a block, written by code that belongs to no file
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static volatile char* volatile block;

__attribute__((noinline)) static void allocate(size_t n) {
  for (size_t i = 0; i < n; ++i) block = malloc(1024); /* site: malloc */
}

__attribute__((noinline)) static void descend(int calls, size_t n) {
  volatile char frame[256];
  frame[0] = 1;
  if (calls > 1) {
    descend(calls - 1, n); /* site: calls down */
  } else {
    for (size_t i = 0; i < n; ++i) block[i << 12] = 1; /* site: deep */
  }
  frame[1] = 1;
}

__attribute__((noinline)) static void run_code(size_t n) {
  const unsigned char code[] = {0xc6, 0x07, 0x01, 0xc3}; /* movb $1, (%rdi); ret */
  void (*store)(volatile char*);
  void* const at =
      mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memcpy(at, code, sizeof code);
  memcpy(&store, &at, sizeof at);
  for (size_t i = 0; i < n; ++i) store(block + (i << 12));
}

int main(int count, char** arguments) {
  const size_t n = count == 3 ? (size_t)atol(arguments[2]) : 0;
  if (n == 0) return 2;
  block = malloc(n << 12);
  if (strcmp(arguments[1], "malloc") == 0) allocate(n);
  if (strcmp(arguments[1], "deep") == 0) descend(100, n);
  if (strcmp(arguments[1], "jit") == 0) run_code(n);
  return 0;
}
