/* Touches its blocks in ways that are known. Blocks of sizes nobody else asks for. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kPage = 4096, kPages = 64 };

static volatile char sink;

/* One byte in each page but the first, which malloc wrote its header in; one more page is read. */
static volatile char* large(void) {
  volatile char* p = malloc(1048576 + 777);
  for (int i = 1; i < kPages; ++i) p[i * kPage + 100] = 1;
  sink = p[kPages * kPage + 100];
  return p;
}

/* The second block lies where the first one was. */
static void reused(void) {
  char* p = malloc(20777);
  memset(p, 1, 20777);
  free(p);
  p = malloc(20777);
  memset(p, 1, 20777);
  free(p);
}

/* The child copies a page of its parent, and writes one of its own. */
static void forked(volatile char* p) {
  const pid_t child = fork();
  if (child == 0) {
    volatile char* mine = malloc(300777); /* of the child */
    p[2 * kPage + 5] = 2;
    mine[5 * kPage] = 3;
    _exit(mine == NULL);
  }
  waitpid(child, NULL, 0);
}

int main(void) {
  reused();
  forked(large());
  return 0;
}
