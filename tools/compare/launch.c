/* faultline-launch GO TELL PROGRAM ARG...: starts PROGRAM as an orphan, to be adopted by the
 * subreaper above. Static and small, since Linux charges a program with the resident memory and the
 * faults of the process that became it: what is charged here is told before the program begins. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "launch.h"

/* One write each, in this order: the process; where a filter was given, its listener or a negated
 * errno; the faults charged to it so far; an errno, only where PROGRAM cannot be run. */
static void tell(int fd, const void* what, size_t size) {
  if (write(fd, what, size) != (ssize_t)size) _exit(127);
}

static void hear(int fd, void* what, size_t size) {
  ssize_t got;
  while ((got = read(fd, what, size)) < 0 && errno == EINTR) {
  }
  if (got != (ssize_t)size) _exit(127); /* whoever asked is gone */
}

/* Only with rights may a filter be set without giving up those of setuid programs. */
static int listen_to(const struct LaunchFilter* filter) {
  const struct sock_fprog program = {filter->length, (struct sock_filter*)filter->instructions};
  const unsigned long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
  long fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
  if (fd < 0 && errno == EACCES && prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) == 0) {
    fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
  }
  return fd < 0 ? -errno : (int)fd;
}

static void become(int go, int to, char** command) {
  static struct LaunchFilter filter;
  struct rusage usage;
  long charged[2];
  char allowed;
  int error;
  const pid_t self = getpid();
  setpgid(0, 0);
  tell(to, &self, sizeof self);
  hear(go, &filter, sizeof filter);
  if (filter.length != 0) {
    const int listener = listen_to(&filter);
    tell(to, &listener, sizeof listener);
    hear(go, &allowed, 1); /* the listener has been taken over */
    if (listener >= 0) close(listener);
  }
  fcntl(go, F_SETFD, FD_CLOEXEC);
  fcntl(to, F_SETFD, FD_CLOEXEC);
  getrusage(RUSAGE_SELF, &usage);
  charged[0] = usage.ru_minflt;
  charged[1] = usage.ru_majflt;
  tell(to, charged, sizeof charged);
  execvp(command[0], command + 1);
  error = errno;
  tell(to, &error, sizeof error);
  _exit(127);
}

int main(int count, char** arguments) {
  if (count < 5) return 2; /* GO TELL FILE NAME ARG... */
  if (fork() == 0) become(atoi(arguments[1]), atoi(arguments[2]), arguments + 3);
  return 0;
}
