/* faultline-launch GO TELL PROGRAM ARG...: starts PROGRAM as an orphan, to be adopted by the
 * subreaper above. Static and small, since Linux charges a program with the resident memory and the
 * faults of the process that became it: what is charged here is told before the program begins.
 * Without the C library, whose start takes longer than all that is done here. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "launch.h"

/* Returns what the kernel returns: -errno for an error. */
static long call(long number, long a, long b, long c, long d, long e) {
  long result;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
                   : "rcx", "r11", "memory");
  return result;
}

__attribute__((noreturn)) static void end(int status) {
  for (;;) call(SYS_exit_group, status, 0, 0, 0, 0);
}

/* One write each, in this order: the process; where a filter was given, its listener or a negated
 * errno; the faults charged to it so far; an errno, only where PROGRAM cannot be run. */
static void tell(int fd, const void* what, long size) {
  if (call(SYS_write, fd, (long)what, size, 0, 0) != size) end(127);
}

static void hear(int fd, void* what, long size) {
  long got;
  while ((got = call(SYS_read, fd, (long)what, size, 0, 0)) == -EINTR) {
  }
  if (got != size) end(127); /* whoever asked is gone */
}

/* Only with rights may a filter be set without giving up those of setuid programs. */
static int listen_to(const struct LaunchFilter* filter) {
  const struct sock_fprog program = {filter->length, (struct sock_filter*)filter->instructions};
  const long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
  long fd = call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, (long)&program, 0, 0);
  if (fd == -EACCES && call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0) {
    fd = call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, (long)&program, 0, 0);
  }
  return (int)fd;
}

/* FILE NAME ARG..., as execvp does: what is no program is a script of the shell's. */
static int execute(char** command, char** environment) {
  static char shell[] = "/bin/sh";
  const long name = (long)command[0];
  long error = call(SYS_execve, name, (long)(command + 1), (long)environment, 0, 0);
  if (error == -ENOEXEC) {
    command[1] = command[0];
    command[0] = shell;
    error = call(SYS_execve, (long)shell, (long)command, (long)environment, 0, 0);
  }
  return (int)-error;
}

static void become(int go, int to, char** command, char** environment) {
  static struct LaunchFilter filter;
  struct rusage usage;
  long charged[2];
  char allowed;
  const int self = (int)call(SYS_getpid, 0, 0, 0, 0, 0);
  int error;
  call(SYS_setpgid, 0, 0, 0, 0, 0);
  tell(to, &self, sizeof self);
  hear(go, &filter, sizeof filter);
  if (filter.length != 0) {
    const int listener = listen_to(&filter);
    tell(to, &listener, sizeof listener);
    hear(go, &allowed, 1); /* the listener has been taken over */
    if (listener >= 0) call(SYS_close, listener, 0, 0, 0, 0);
  }
  call(SYS_fcntl, go, F_SETFD, FD_CLOEXEC, 0, 0);
  call(SYS_fcntl, to, F_SETFD, FD_CLOEXEC, 0, 0);
  call(SYS_getrusage, RUSAGE_SELF, (long)&usage, 0, 0, 0);
  charged[0] = usage.ru_minflt;
  charged[1] = usage.ru_majflt;
  tell(to, charged, sizeof charged);
  error = execute(command, environment);
  tell(to, &error, sizeof error);
  end(127);
}

static int number(const char* text) {
  int value = 0;
  while (*text >= '0' && *text <= '9') value = 10 * value + (*text++ - '0');
  return value;
}

/* What the kernel leaves on the stack: a count, so many arguments and a null, the environment. */
__attribute__((noreturn, used)) static void begin(long* stack) {
  const long count = stack[0];
  char** const arguments = (char**)(stack + 1);
  if (count < 5) end(2); /* GO TELL FILE NAME ARG... */
  if (call(SYS_fork, 0, 0, 0, 0, 0) == 0) {
    become(number(arguments[1]), number(arguments[2]), arguments + 3, arguments + count + 1);
  }
  end(0);
}

__asm__(
    ".globl _start\n"
    "_start:\n"
    "  xor %ebp, %ebp\n"
    "  mov %rsp, %rdi\n"
    "  and $-16, %rsp\n"
    "  call begin\n");
