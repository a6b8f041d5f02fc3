// opened LIBRARY [keys]: loads the library while threads already run, and uses its malloc beside
// glibc's; with "keys", when all keys of threads are taken.
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { kThreads = 4, kBlocks = 200 };

static void* (*their_malloc)(size_t);
static void (*their_free)(void*);
static pthread_barrier_t loaded;

/// The first calls of all threads come at once.
static void* live(void* unused) {
  pthread_barrier_wait(&loaded);
  for (int round = 0; round < 100; ++round) {
    void* theirs[kBlocks];
    void* ours[kBlocks];
    for (int i = 0; i < kBlocks; ++i) {
      memset(theirs[i] = their_malloc(i * 20 + 1), 1, i * 20 + 1);
      memset(ours[i] = malloc(i * 20 + 1), 2, i * 20 + 1);
    }
    for (int i = 0; i < kBlocks; ++i) {
      if (*(char*)theirs[i] != 1 || *(char*)ours[i] != 2) abort();
      their_free(theirs[i]);
      free(ours[i]);
    }
  }
  return unused;
}

int main(int count, char** arguments) {
  pthread_t threads[kThreads];
  if (count < 2) return 2;
  pthread_key_t key;
  while (count > 2 && pthread_key_create(&key, NULL) == 0) continue;
  pthread_barrier_init(&loaded, NULL, kThreads + 1);
  for (int i = 0; i < kThreads; ++i) pthread_create(&threads[i], NULL, live, NULL);
  void* const library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) return puts(dlerror()), 1;
  *(void**)&their_malloc = dlsym(library, "malloc");
  *(void**)&their_free = dlsym(library, "free");
  pthread_barrier_wait(&loaded);
  for (int i = 0; i < kThreads; ++i) pthread_join(threads[i], NULL);
  dlclose(library);
  return 0;
}
