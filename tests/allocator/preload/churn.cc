// churn: a thousand threads, one after the other, that leave memory to be freed in every way a
// thread's end knows: by other threads, by thread_locals, by keys of every age.
#include <malloc.h>
#include <pthread.h>

#include <array>
#include <cstdio>
#include <cstdlib>

namespace {

constexpr int kThreads = 1'000;
constexpr std::size_t kBlocks = 100;
constexpr std::size_t kKeys = 6;

std::array<pthread_key_t, kKeys> keys;
std::array<void*, kBlocks> left_over;

/// Frees its memory when the thread's thread_locals go.
struct Owner {
  void* block = nullptr;
  ~Owner() { std::free(block); }
};
thread_local Owner owner;

/// Frees, and in the first round leaves some more for the second.
void free_value(void* value) {
  const bool again = malloc_usable_size(value) < 1'000;
  std::free(value);
  if (again) pthread_setspecific(keys[0], std::malloc(1'500));
}

void* live(void* number) {
  const auto n = *static_cast<std::size_t*>(number);
  for (std::size_t i = 0; i < kBlocks; ++i) {
    void* const block = std::malloc(20 + (i * 37 + n * 11) % 1'400);
    if (i % 2 == 0) {
      std::free(block);
    } else {
      left_over[i] = block;
    }
  }
  owner.block = std::malloc(300);
  for (std::size_t i = 0; i < kKeys; ++i) {
    pthread_setspecific(keys[i], std::malloc(i == 0 ? 500 : 1'100 + 16 * i));
  }
  return nullptr;
}

}  // namespace

int main() {
  // Some keys are older than the first allocation, some younger.
  for (std::size_t i = 0; i < kKeys; ++i) {
    if (i == kKeys / 2) std::free(std::malloc(1));
    pthread_key_create(&keys[i], free_value);
  }
  for (std::size_t i = 0; i < kThreads; ++i) {
    pthread_t thread{};
    if (pthread_create(&thread, nullptr, live, &i) != 0) return 1;
    pthread_join(thread, nullptr);
    for (void*& block : left_over) {
      std::free(block);
      block = nullptr;
    }
  }
  malloc_info(0, stdout);
  return 0;
}
