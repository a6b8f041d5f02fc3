/* Maps memory of its own, touches it, and changes it, in ways that are known. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kPage = 4096, kReadWrite = PROT_READ | PROT_WRITE };

static volatile char sink;

static char* own(int pages, int protection) {
  return mmap(NULL, pages * kPage, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void touch(volatile char* a) {
  for (int i = 0; i < 8; ++i) a[i * kPage + 7] = 1;
  sink = a[20 * kPage];
  a[20 * kPage] = 1; /* what was read is now written */
}

/* No fault of its own: the page is there. Then one is dropped, and touched anew. */
static void change(char* a) {
  mprotect(a + 2 * kPage, 2 * kPage, PROT_READ);
  sink = *(volatile char*)(a + 2 * kPage);
  mprotect(a + 2 * kPage, 2 * kPage, kReadWrite);
  madvise(a, 4 * kPage, MADV_DONTNEED);
  *(volatile char*)(a + kPage) = 3;
}

/* Grown until it moves, with what is in it; then it shrinks, and grows again. */
static void move(void) {
  const int flags = MREMAP_MAYMOVE;
  char* c = own(6, kReadWrite);
  mmap(NULL, kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < 3; ++i) c[i * kPage] = 1;
  char* d = mremap(c, 6 * kPage, 700 * kPage, flags);
  d[2 * kPage] = 2; /* is there */
  d[3 * kPage] = 2;
  d[600 * kPage] = 2;
  d = mremap(d, 700 * kPage, 3 * kPage, flags);
  d = mremap(d, 3 * kPage, 33 * kPage, flags);
  d[3 * kPage] = 3; /* is not there any more */
  munmap(d, 33 * kPage);
}

static void fork_once(volatile char* a, volatile char* b) {
  const pid_t child = fork();
  if (child == 0) {
    a[kPage] = 4; /* copied */
    b[0] = 5;     /* of the child alone */
    _exit(0);
  }
  waitpid(child, NULL, 0);
}

int main(void) {
  char* a = own(40, kReadWrite);
  touch(a);
  change(a);
  move();
  munmap(a + 10 * kPage, 5 * kPage); /* a hole */
  char* b = own(5, PROT_NONE);       /* it may well lie in there */
  mprotect(b, 5 * kPage, kReadWrite);
  *(volatile char*)(b + 4 * kPage) = 1;
  fork_once(a, b);
  munmap(a, 10 * kPage);
  munmap(a + 15 * kPage, 25 * kPage);
  munmap(b, 5 * kPage);
  return 0;
}
