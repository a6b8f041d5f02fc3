/* faultline-launch GO TELL PROGRAM ARG...: starts PROGRAM as an orphan, to be adopted by the
 * subreaper above. Static and small, since Linux charges a program with the resident memory and the
 * faults of the process that became it: what is charged here is told before the program begins. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/* One write each, in this order: the process; the faults charged to it so far; an errno, only where
 * PROGRAM cannot be run. */
static void tell(int fd, const void* what, size_t size) {
  if (write(fd, what, size) != (ssize_t)size) _exit(127);
}

static void become(int go, int to, char** command) {
  struct rusage usage;
  long charged[2];
  char allowed = 0;
  int error;
  const pid_t self = getpid();
  setpgid(0, 0);
  tell(to, &self, sizeof self);
  while (read(go, &allowed, 1) < 0 && errno == EINTR) {
  }
  if (allowed == 0) _exit(127); /* whoever asked is gone */
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
