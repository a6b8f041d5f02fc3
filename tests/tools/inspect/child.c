// A program whose heap is looked at: it allocates and frees at random, says what it has, and waits.
// child SEED OPERATIONS THREADS [corrupt|busy|reserve]
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { kBlocks = 2000, kMostThreads = 4 };

struct Worker {
  uint64_t random;
  unsigned operations;
  void* blocks[kBlocks];
};
static struct Worker workers[kMostThreads];
static pthread_barrier_t done;

static uint64_t next(struct Worker* w) {
  w->random ^= w->random << 13;
  w->random ^= w->random >> 7;
  w->random ^= w->random << 17;
  return w->random;
}

static void work(struct Worker* w) {
  for (unsigned i = 0; i < w->operations; ++i) {
    void** const block = &w->blocks[next(w) % kBlocks];
    if (*block != NULL && next(w) % 4 != 0) {
      free(*block);
      *block = NULL;
    } else if (*block == NULL) {
      const size_t bound = (size_t)2 << (next(w) % 18);
      const size_t size = next(w) % bound;
      const int aligned = next(w) % 16 == 0;
      *block = aligned ? memalign((size_t)16 << (next(w) % 9), size + 1) : malloc(size + 1);
      memset(*block, 1, 1);
    }
  }
}

static void* thread(void* worker) {
  work(worker);
  pthread_barrier_wait(&done);
  pause();
  return NULL;
}

/// As a store past the end of a block: the size of the chunk above becomes what no size can be.
static void corrupt(struct Worker* w) {
  for (unsigned i = 0; i < kBlocks; ++i) {
    if (w->blocks[i] == NULL || malloc_usable_size(w->blocks[i]) > 1000) continue;
    uint64_t* const end = (uint64_t*)((char*)w->blocks[i] + malloc_usable_size(w->blocks[i]));
    *end = 0x4141414141414141;
    printf("corrupt %p\n", (void*)(end - 1));
    return;
  }
}

int main(int argc, char** argv) {
  const unsigned threads = argc > 3 ? (unsigned)atoi(argv[3]) : 1;
  pthread_t id;
  pthread_barrier_init(&done, NULL, threads);
  static char in[4096], out[4096];  // no block of malloc's
  setvbuf(stdin, in, _IOFBF, sizeof in);
  setvbuf(stdout, out, _IOLBF, sizeof out);
  for (unsigned i = 0; i < threads; ++i) {
    workers[i].random = 88172645463325252u + strtoull(argv[1], NULL, 10) * 7919 + i;
    workers[i].operations = (unsigned)atoi(argv[2]);
    if (i != 0) pthread_create(&id, NULL, thread, &workers[i]);
  }
  work(&workers[0]);
  pthread_barrier_wait(&done);
  if (threads > 1) usleep(20000);  // the others reach pause()
  const struct mallinfo2 info = mallinfo2();
  printf("mallinfo2 %zu %zu %zu %zu\n", info.hblks, info.hblkhd, info.fordblks, info.keepcost);
  for (unsigned i = 0; i < threads; ++i) {
    for (unsigned b = 0; b < kBlocks; ++b) {
      void* const block = workers[i].blocks[b];
      if (block != NULL) printf("block %p %zu\n", block, malloc_usable_size(block));
    }
  }
  const char* const mode = argc > 4 ? argv[4] : "";
  if (strcmp(mode, "corrupt") == 0) corrupt(&workers[0]);
  if (strcmp(mode, "reserve") == 0) {
    mmap(NULL, (size_t)65 << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
         -1, 0);
  }
  printf("ready\n");
  workers[0].operations = 1000;
  while (strcmp(mode, "busy") == 0) work(&workers[0]);
  return getchar() == 'q' ? 0 : 1;
}
