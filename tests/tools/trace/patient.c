// A program with a mode for each way to make a recorder's life hard.
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void* volatile sink;

static void work(int times, size_t n) {
  for (int i = 0; i < times; ++i) {
    sink = malloc(n);
    free(sink);
  }
}

static void child_with(int times, size_t n) {
  const pid_t child = fork();
  if (child == 0) {
    work(times, n);
    _exit(0);
  }
  waitpid(child, NULL, 0);
}

static void verbs(void) {
  char* p = malloc(777001);
  void* c = calloc(3, 777002);
  p = realloc(p, 777003);
  void* kept[6] = {memalign(64, 777004), aligned_alloc(32, 777024), NULL,
                   valloc(777007),       pvalloc(777008),           NULL};
  if (posix_memalign(&kept[2], 4096, 777006) != 0) _exit(9);
  p = reallocarray(p, 100, 7771);
  malloc_trim(777009);
  mallopt(M_MMAP_THRESHOLD, 777010);
  for (int i = 0; i < 6; ++i) free(kept[i]);
  free(c);
  free(p);
}

static void failures(void) {
  const volatile size_t too_much = (size_t)1 << 62;
  sink = malloc(too_much);
  void* p = malloc(100);
  sink = realloc(p, too_much);
  free(p);
}

static void fork_and_work(pid_t (*forking)(void)) {
  void* kept[100];
  for (int i = 0; i < 100; ++i) kept[i] = malloc(7771);
  const pid_t child = forking();
  if (child != 0) {
    work(50, 7772);
  } else {
    work(70, 7773);
  }
  for (int i = 0; i < 100; ++i) free(kept[i]);
  if (child == 0) _exit(0);
  waitpid(child, NULL, 0);
}

static pid_t raw_fork(void) { return (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); }

enum { kThreads = 8, kRounds = 20000, kMailboxes = 64 };
static _Atomic(void*) mailboxes[kMailboxes];

// Each block goes through a mailbox; whoever finds one there frees it.
static void* pass_blocks(void* number) {
  unsigned state = (unsigned)(size_t)number * 2654435761u + 1;
  for (int i = 0; i < kRounds; ++i) {
    state = state * 1664525u + 1013904223u;
    void* p = malloc(7000 + (state >> 8) % 100);
    void* other = __atomic_exchange_n(&mailboxes[(state >> 16) % kMailboxes], p, __ATOMIC_ACQ_REL);
    if ((state >> 28) % 4 == 0 && other != NULL) other = realloc(other, 30);
    free(other);
    if (i % 16 == 0) sched_yield();
  }
  return NULL;
}

static void threads(void) {
  pthread_t all[kThreads];
  for (size_t i = 0; i < kThreads; ++i) pthread_create(&all[i], NULL, pass_blocks, (void*)i);
  for (int i = 0; i < kThreads; ++i) pthread_join(all[i], NULL);
  for (int i = 0; i < kMailboxes; ++i) free(mailboxes[i]);
}

static void* one_block(void* unused) {
  free(malloc(7774));
  return unused;
}

static void short_threads(void) {
  for (int i = 0; i < 3000; ++i) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, one_block, NULL) != 0) _exit(9);
    pthread_join(thread, NULL);
  }
}

static void limit(int resource, rlim_t value) {
  const struct rlimit both = {value, value};
  setrlimit(resource, &both);
}

static void setrlimits(void) {
  limit(RLIMIT_NOFILE, 0);
  limit(RLIMIT_FSIZE, 0);
  limit(RLIMIT_MEMLOCK, 0);
  limit(RLIMIT_AS, (rlim_t)3 << 30);
}

static void last_work(const char* mode) {
  work(10000, 777);
  if (strcmp(mode, "kill-self") == 0) kill(getpid(), SIGKILL);
  if (strcmp(mode, "crash") == 0) *(volatile int*)8 = 1;
}

static void daemonize(void) {
  if (daemon(0, 0) != 0) _exit(9);
  usleep(200000);
  work(60, 7775);
}

// Allocates for three seconds and more; then says so.
static void run_long(const char* done) {
  char started[4096];
  snprintf(started, sizeof(started), "%s.started", done);
  fclose(fopen(started, "w"));
  for (int i = 0; i < 30; ++i) {
    work(3000000, 99);
    usleep(100000);
  }
  fclose(fopen(done, "w"));
}

static void perturb(const char* mode) {
  if (strcmp(mode, "close-all") == 0) {
    for (int fd = 0; fd < 1024; ++fd) close(fd);
  } else if (strcmp(mode, "setrlimit") == 0) {
    setrlimits();
  } else if (strcmp(mode, "clear-environment") == 0) {
    clearenv();
  }
  work(10000, 777);
  child_with(20, 7776);
}

int main(int count, char** arguments) {
  const char* mode = count > 1 ? arguments[1] : "";
  if (strcmp(mode, "verbs") == 0)
    verbs();
  else if (strcmp(mode, "failures") == 0)
    failures();
  else if (strcmp(mode, "fork") == 0)
    fork_and_work(fork);
  else if (strcmp(mode, "raw-fork") == 0)
    fork_and_work(raw_fork);
  else if (strcmp(mode, "threads") == 0)
    threads();
  else if (strcmp(mode, "short-threads") == 0)
    short_threads();
  else if (strcmp(mode, "daemon") == 0)
    daemonize();
  else if (strcmp(mode, "long") == 0)
    run_long(arguments[2]);
  else if (strcmp(mode, "exec") == 0)
    execl("/proc/self/exe", "patient", "exit", "5", (char*)NULL);
  else if (strcmp(mode, "chdir") == 0) {
    if (chdir("/") == 0) work(10000, 777);
  } else if (strcmp(mode, "close-all") == 0 || strcmp(mode, "setrlimit") == 0 ||
             strcmp(mode, "clear-environment") == 0)
    perturb(mode);
  else
    last_work(mode);
  if (strcmp(mode, "underscore-exit") == 0) _exit(atoi(arguments[2]));
  return strcmp(mode, "exit") == 0 ? atoi(arguments[2]) : 0;
}
