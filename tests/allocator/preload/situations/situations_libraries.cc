// Libraries that come and go while threads use them.
#include <dlfcn.h>
#include <pthread.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "tests/allocator/preload/situations/situations.h"

namespace situations {
namespace {

/// The library's destructor for this thread is still to come when it is closed.
void open_use_close() {
  void* const library = dlopen(TLS_USER, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) fail(dlerror());
  const auto use = reinterpret_cast<void (*)(std::size_t)>(dlsym(library, "use"));
  use(500);
  use(3000);
  if (dlclose(library) != 0) fail(dlerror());
}

/// Each thread's use ends with it, and with the last one the library goes.
void one_by_one() {
  for (int i = 0; i < 40; ++i) in_thread(open_use_close);
  void* const left = dlopen(TLS_USER, RTLD_NOW | RTLD_NOLOAD);
  std::printf("%s\n", left == nullptr ? "unloaded" : "still loaded");
  write_state();
}

void all_at_once() {
  constexpr int kThreads = 8;
  std::array<pthread_t, kThreads> threads{};
  const auto live = [](void*) -> void* {
    for (unsigned i = 0; i < 15; ++i) {
      open_use_close();
      churn(i, 200);
    }
    return nullptr;
  };
  for (pthread_t& thread : threads) pthread_create(&thread, nullptr, live, nullptr);
  for (const pthread_t thread : threads) pthread_join(thread, nullptr);
  std::printf("%d threads ended\n", kThreads);
}

constexpr std::array kSituations{
    Situation{"libraries-opened-and-closed-in-threads", one_by_one},
    Situation{"libraries-opened-and-closed-at-once", all_at_once},
};

}  // namespace

std::span<const Situation> situations_of_libraries() { return kSituations; }

}  // namespace situations
