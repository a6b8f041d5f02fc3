/* payer WHAT N: faults whose payer is known.
 *   malloc   N blocks of 1024 bytes, never touched
 *   calloc   a cleared block of N pages that were used before, never touched
 *   write    a block of N pages, written by the program
 *   fork     N children, each writes to one page
 *   inherit  N blocks of a page each, freed by a child
 *   blocks   N calls of malloc, calloc, realloc and free for 64 blocks, never touched
 *   signals  N accesses to a page without rights, each answered by a handler
 *   threads  4 threads, each writes to N pages of its stack
 */
#include <malloc.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void* use_stack(void* pages) {
  const size_t size = (size_t)pages << 12;
  volatile char* block = __builtin_alloca(size);
  for (size_t at = size; at != 0; at -= 4096) block[at - 1] = 1;
  return NULL;
}

static sigjmp_buf back;

static void jump_back(int signal) { siglongjmp(back, signal); }

static void fault_in_vain(size_t n) {
  volatile char* const guard = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  static volatile size_t done;
  signal(SIGSEGV, jump_back);
  sigsetjmp(back, 1);
  while (done < n) {
    ++done;
    *guard = 1;
  }
}

/* Every second block of a page: none joins another. */
static void free_in_child(size_t n) {
  char** const blocks = malloc((2 * n + 1) * sizeof *blocks);
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  for (size_t i = 0; i < 2 * n; ++i) memset(blocks[i] = malloc(4080), 1, 4080);
  if (fork() == 0) {
    for (size_t i = 0; i < n; ++i) free(blocks[2 * i]);
    _exit(0);
  }
  wait(NULL);
}

static void use_blocks(size_t n) {
  static char* blocks[64];
  unsigned random = 1;
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  for (size_t i = 0; i < n; ++i) {
    random = random * 1103515245 + 12345;
    const unsigned k = random >> 8 & 63, what = random >> 16 & 3;
    const size_t size = (random >> 18 & 7) == 0 ? 30000 : 40 + (random >> 20 & 1023);
    if (what == 0 && blocks[k] != NULL) {
      blocks[k] = realloc(blocks[k], size);
      continue;
    }
    free(blocks[k]);
    blocks[k] = what == 1 ? calloc(1, size) : malloc(size);
  }
}

static int run(const char* what, size_t n) {
  volatile char* volatile block;
  if (strcmp(what, "malloc") == 0) {
    for (size_t i = 0; i < n; ++i) block = malloc(1024);
  } else if (strcmp(what, "calloc") == 0) {
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    block = malloc(n << 12);
    free((void*)block);
    block = calloc(n, 4096);
  } else if (strcmp(what, "write") == 0) {
    block = malloc(n << 12);
    for (size_t i = 0; i < n; ++i) block[i << 12] = 1;
  } else if (strcmp(what, "fork") == 0) {
    block = calloc(1, 1 << 14);
    for (size_t i = 0; i < n; ++i) {
      if (fork() == 0) {
        block[8192] = 1;
        _exit(0);
      }
      wait(NULL);
    }
  } else if (strcmp(what, "blocks") == 0) {
    use_blocks(n);
  } else if (strcmp(what, "inherit") == 0) {
    free_in_child(n);
  } else if (strcmp(what, "signals") == 0) {
    fault_in_vain(n);
  } else if (strcmp(what, "threads") == 0) {
    pthread_t threads[4];
    for (int i = 0; i < 4; ++i) pthread_create(&threads[i], NULL, use_stack, (void*)n);
    for (int i = 0; i < 4; ++i) pthread_join(threads[i], NULL);
  } else {
    return 2;
  }
  return 0;
}

int main(int count, char** arguments) {
  return count == 3 ? run(arguments[1], (size_t)atol(arguments[2])) : 2;
}
