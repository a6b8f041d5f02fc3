/* causes WHAT N: faults whose causes are known, N of each kind.
 *   zero       N pages are read, then written
 *   forked     N pages are written, by a child once more, and when it has ended by the parent
 *   grandchild the same with the child's own child, after the child has written
 *   dropped    N pages are written, dropped, written
 *   unmapped   N pages are written and unmapped; others take their place and are written
 *   moved      N pages are written and moved with N more; a child writes all
 *   grown      a page is moved N times, with one more each time, and memory mapped right after each
 *   private    N pages of a file are written in a private mapping
 *   anonymous  N pages of shared memory are written
 *   filled     N pages are filled by read(2); a child writes them
 *   populated  N pages are there from the start; a child writes them
 *   copied     one instruction copies N pages never written to N others
 *   borrowed   a vfork child writes N pages
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096ul

static volatile char* map(size_t pages, int flags, int file) {
  char* const at = mmap(NULL, (pages + 1) * PAGE, PROT_READ | PROT_WRITE, flags, file, 0);
  if (at == MAP_FAILED) _exit(3);
  if (file < 0) madvise(at, (pages + 1) * PAGE, MADV_NOHUGEPAGE);
  return at;
}

static volatile char* fresh(size_t pages) { return map(pages, MAP_PRIVATE | MAP_ANONYMOUS, -1); }

static void write_all(volatile char* at, size_t pages) {
  for (size_t i = 0; i < pages; ++i) at[i * PAGE] = 1;
}

static void read_all(volatile char* at, size_t pages) {
  for (size_t i = 0; i < pages; ++i) (void)at[i * PAGE];
}

static void in_child(volatile char* at, size_t pages) {
  if (fork() == 0) {
    write_all(at, pages);
    _exit(0);
  }
  wait(NULL);
}

static void move(size_t n) {
  volatile char* at = fresh(n);
  write_all(at, n);
  /* Whatever lies behind it stays: there is no room to grow. */
  mmap((char*)at + (n + 1) * PAGE, PAGE, PROT_NONE,
       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  at = mremap((char*)at, (n + 1) * PAGE, (2 * n + 2) * PAGE, MREMAP_MAYMOVE);
  in_child(at, 2 * n);
}

static void grow(size_t n) {
  volatile char* at = fresh(0);
  for (size_t i = 1; i <= n; ++i) {
    mmap((char*)at + i * PAGE, PAGE, PROT_NONE,
         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    at = mremap((char*)at, i * PAGE, (i + 1) * PAGE, MREMAP_MAYMOVE);
    fresh(2 * n); /* longer than what is moved */
    at[i * PAGE] = 1;
  }
}

static void fill(size_t n) {
  volatile char* const at = fresh(n);
  const int zeros = open("/dev/zero", O_RDONLY);
  if (n != 0 && read(zeros, (char*)at, n * PAGE) != (ssize_t)(n * PAGE)) _exit(3);
  in_child(at, n);
}

static void grandchild(size_t n) {
  volatile char* const at = fresh(n);
  write_all(at, n);
  if (fork() == 0) {
    write_all(at, n);
    in_child(at, n);
    _exit(0);
  }
  wait(NULL);
}

static int run(const char* what, size_t n) {
  volatile char* at;
  if (strcmp(what, "zero") == 0) {
    at = fresh(n);
    read_all(at, n);
    write_all(at, n);
  } else if (strcmp(what, "forked") == 0) {
    at = fresh(n);
    write_all(at, n);
    in_child(at, n);
    write_all(at, n);
  } else if (strcmp(what, "grandchild") == 0) {
    grandchild(n);
  } else if (strcmp(what, "dropped") == 0) {
    at = fresh(n);
    write_all(at, n);
    madvise((char*)at, (n + 1) * PAGE, MADV_DONTNEED);
    write_all(at, n);
  } else if (strcmp(what, "unmapped") == 0) {
    at = fresh(n);
    write_all(at, n);
    munmap((char*)at, (n + 1) * PAGE);
    write_all(fresh(n), n);
  } else if (strcmp(what, "moved") == 0) {
    move(n);
  } else if (strcmp(what, "grown") == 0) {
    grow(n);
  } else if (strcmp(what, "private") == 0) {
    const int file = open("file", O_RDWR | O_CREAT, 0600);
    for (size_t i = 0; i <= n; ++i) {
      char page[PAGE] = {1};
      if (write(file, page, PAGE) != PAGE) return 3;
    }
    write_all(map(n, MAP_PRIVATE, file), n);
  } else if (strcmp(what, "anonymous") == 0) {
    write_all(map(n, MAP_SHARED | MAP_ANONYMOUS, -1), n);
  } else if (strcmp(what, "filled") == 0) {
    fill(n);
  } else if (strcmp(what, "populated") == 0) {
    in_child(map(n, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1), n);
  } else if (strcmp(what, "copied") == 0) {
    volatile char* from = fresh(n);
    size_t bytes = n * PAGE;
    at = fresh(n);
    __asm__ volatile("rep movsb" : "+S"(from), "+D"(at), "+c"(bytes) : : "memory");
  } else if (strcmp(what, "borrowed") == 0) {
    at = fresh(n);
    if (vfork() == 0) {
      write_all(at, n);
      _exit(0);
    }
    write_all(at, n);
  } else {
    return 2;
  }
  return 0;
}

int main(int count, char** arguments) {
  return count == 3 ? run(arguments[1], (size_t)atol(arguments[2])) : 2;
}
