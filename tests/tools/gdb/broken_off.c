// A program that stops with 20 blocks in use, 20 freed, and, given an argument, a broken header.
#include <stdlib.h>

int main(int count, char** arguments) {
  (void)arguments;
  enum { kBlocks = 40, kStep = 40, kLeast = 100 };
  char* blocks[kBlocks];
  for (int i = 0; i < kBlocks; ++i) blocks[i] = malloc(kLeast + kStep * i);
  for (int i = 0; i < kBlocks; i += 2) free(blocks[i]);
  if (count > 1) *(unsigned long*)(blocks[1] - sizeof(long)) = 0x4141414141414141;
  abort();
}
