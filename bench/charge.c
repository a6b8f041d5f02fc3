/* charge FD LIBRARY PROGRAM ARG...: runs PROGRAM with LIBRARY preloaded ("": none) and writes to FD
 * what it and all it waited for took: status, wall, user and system microseconds, peak KiB, minor
 * faults. Static and small, since Linux charges a program with the resident memory and the faults
 * of the process that became it; those faults are taken off. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long microseconds(struct timeval t) { return t.tv_sec * 1000000L + t.tv_usec; }

static long now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000L + t.tv_nsec / 1000;
}

static void become(int charged_to, const char* library, char** command) {
  struct rusage usage;
  if (*library != 0 && setenv("LD_PRELOAD", library, 1) != 0) _exit(127);
  getrusage(RUSAGE_SELF, &usage);
  if (write(charged_to, &usage.ru_minflt, sizeof usage.ru_minflt) < 0) _exit(127);
  execvp(command[0], command);
  _exit(127);
}

int main(int count, char** arguments) {
  int charged[2];
  int status;
  long faults = 0;
  struct rusage usage;
  if (count < 4 || pipe2(charged, O_CLOEXEC) != 0) return 2;
  const int report = atoi(arguments[1]);
  fcntl(report, F_SETFD, FD_CLOEXEC);
  const long begin = now();
  const pid_t child = fork();
  if (child < 0) return 2;
  if (child == 0) become(charged[1], arguments[2], arguments + 3);
  if (wait4(child, &status, 0, &usage) != child) return 2;
  const long wall = now() - begin;
  close(charged[1]);
  if (read(charged[0], &faults, sizeof faults) != sizeof faults) faults = 0;
  dprintf(report, "%d %ld %ld %ld %ld %ld\n", status, wall, microseconds(usage.ru_utime),
          microseconds(usage.ru_stime), usage.ru_maxrss, usage.ru_minflt - faults);
  return 0;
}
