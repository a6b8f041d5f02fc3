// A program whose heap is looked at: it allocates and frees at random, says what it has, and waits.
// child SEED OPERATIONS THREADS [corrupt|busy|reserve|fork|mallopt]
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
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

static size_t size(struct Worker* w) {
  const size_t bound = (size_t)2 << (next(w) % 18);
  return next(w) % bound + 1;
}

static void* allocate(struct Worker* w) {
  const uint64_t how = next(w) % 16;
  const uint64_t n = next(w) % 8;
  const size_t bytes = size(w);
  if (how == 0) return memalign((size_t)16 << n, bytes);
  return how == 1 ? calloc(n + 1, bytes / 8 + 1) : malloc(bytes);
}

static void work(struct Worker* w) {
  for (unsigned i = 0; i < w->operations; ++i) {
    void** const block = &w->blocks[next(w) % kBlocks];
    const uint64_t what = *block == NULL ? 1 : next(w) % 8;
    if (what == 0) continue;
    if (what > 1) {
      free(*block);
      *block = NULL;
      continue;
    }
    *block = *block == NULL ? allocate(w) : realloc(*block, size(w));
    memset(*block, 1, 1);
  }
}

/// A child that goes on by itself and waits. Returns when it does.
static void go_on_in_child(void) {
  int done_there[2];
  char byte;
  if (pipe(done_there) != 0) abort();
  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    work(&workers[0]);
    if (write(done_there[1], "d", 1) != 1) abort();
    for (;;) pause();
  }
  if (read(done_there[0], &byte, 1) != 1) abort();
  printf("child %d\n", (int)child);
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
  prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);  // gdb is no ancestor
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
  if (strcmp(mode, "fork") == 0) go_on_in_child();
  if (strcmp(mode, "mallopt") == 0) {
    mallopt(M_MMAP_THRESHOLD, 300000);
    mallopt(M_TRIM_THRESHOLD, 400000);
    mallopt(M_TOP_PAD, 70000);
    mallopt(M_MXFAST, 72);
  }
  if (strcmp(mode, "reserve") == 0) {
    mmap(NULL, (size_t)65 << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
         -1, 0);
  }
  printf("ready\n");
  workers[0].operations = 1000;
  while (strcmp(mode, "busy") == 0) work(&workers[0]);
  return getchar() == 'q' ? 0 : 1;
}
