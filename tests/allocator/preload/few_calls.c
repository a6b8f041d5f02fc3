// few_calls: a known number of calls of each kind, and a block that is never written.
#include <malloc.h>
#include <stdlib.h>

int main(void) {
  void* (*volatile plain_malloc)(size_t) = malloc;
  void* block[10];
  for (int i = 0; i < 10; ++i) block[i] = plain_malloc(24);
  for (int i = 0; i < 5; ++i) free(block[i]);
  block[0] = calloc(3, 8);
  block[1] = calloc(1, 24);
  block[1] = realloc(block[1], 100);
  block[2] = memalign(64, 24);
  block[3] = plain_malloc(30 * 4096);
  return block[3] == NULL;
}
