/* Asks for changes of its memory that the kernel refuses, in whole or from a hole on. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { kPage = 4096, kMost = 1 << 20, kReadWrite = PROT_READ | PROT_WRITE };

static char* own(size_t pages) {
  return mmap(NULL, pages * kPage, kReadWrite, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void expect(int refused, int error) {
  if (!refused || errno != error) exit(2);
  errno = 0;
}

static void not_as_asked(char* a) {
  expect(munmap(a + 1, kPage) == -1, EINVAL);
  expect(munmap(a, 0) == -1, EINVAL);
  expect(mprotect(a + 1, kPage, PROT_NONE) == -1, EINVAL);
  expect(mprotect(a, kPage, 64) == -1, EINVAL);
  expect(madvise(a, kPage, 77) == -1, EINVAL);
  expect(mremap(a, 6 * kPage, 6 * kPage, 64) == MAP_FAILED, EINVAL);
  expect(mremap(a + 1, 6 * kPage, 7 * kPage, MREMAP_MAYMOVE) == MAP_FAILED, EINVAL);
  expect(mremap(a, 6 * kPage, (size_t)1 << 46, MREMAP_MAYMOVE) == MAP_FAILED, ENOMEM);
}

/* The process has as many areas as it may: to cut one in two is refused. Done by system calls that
 * nobody sees. */
static void no_more_areas(char* a) {
  char* many = (char*)syscall(SYS_mmap, NULL, (size_t)kMost * kPage, PROT_NONE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0L);
  long i = 1;
  while (i < kMost && syscall(SYS_mprotect, many + i * kPage, kPage, PROT_READ) == 0) i += 2;
  if (i < kMost) { /* else there is no such limit here */
    expect(munmap(a + 2 * kPage, kPage) == -1, ENOMEM);
    expect(mprotect(a + 2 * kPage, kPage, PROT_READ) == -1, ENOMEM);
  }
  syscall(SYS_munmap, many, (size_t)kMost * kPage);
}

/* A hole at page 8: mprotect and MADV_POPULATE_WRITE stop there, MADV_DONTNEED goes on behind it. */
static void holes(char* b) {
  munmap(b + 8 * kPage, kPage);
  expect(mprotect(b, 16 * kPage, PROT_READ) == -1, ENOMEM);
  b[9 * kPage] = 1;
  mprotect(b, 8 * kPage, kReadWrite);
  b[0] = 1;
  expect(madvise(b, 16 * kPage, MADV_DONTNEED) == -1, ENOMEM);
  b[9 * kPage] = 2;
  expect(madvise(b + 6 * kPage, 10 * kPage, MADV_POPULATE_WRITE) == -1, ENOMEM);
  b[6 * kPage] = 3; /* is there */
  b[10 * kPage] = 3;
}

int main(void) {
  char* a = own(6);
  for (int i = 0; i < 5; ++i) a[i * kPage] = 1;
  not_as_asked(a);
  no_more_areas(a);
  a[2 * kPage] = 2; /* is there still, and may be written */
  a[5 * kPage] = 2;
  holes(own(16));
  return 0;
}
